import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LaneTable } from '@posthaste/core';
import { loadConfig, ConfigError } from '@posthaste/config';
import { silentLog, systemClock as clock } from '@posthaste/telemetry';
import { hashPassword } from '@posthaste/users';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { relaySettings } from './config.ts';
import { Logins, openUsers, type Users } from './logins.ts';
import type { LiveFile } from './live-file.ts';
import { sendMail, startNats, startRig, type Nats, type RigOptions } from './rig.ts';

const lanes = new LaneTable([{ name: 'wedding-day', base: 'high' }]);
const weddingDay = { lane: 'high', furtherLane: 'wedding-day' };
const loopback = ['127.0.0.0/8'];
const login = (name: string) => `AUTH PLAIN ${Buffer.from(`\0${name}\0secret`).toString('base64')}`;

let nats: Nats;
let dir: string;
let users: LiveFile<Users>;
const rigs: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  nats = await startNats();
  dir = mkdtempSync(join(tmpdir(), 'posthaste-lanes-'));
  const password = await hashPassword('secret');
  const planner = { name: 'planner', password, lane: 'wedding-day' };
  const calm = { name: 'calm', password, maxLane: 'normal' };
  const eager = { name: 'eager', password, maxLane: 'high' };
  writeFileSync(join(dir, 'users'), JSON.stringify({ users: [planner, calm, eager] }));
  users = await openUsers(join(dir, 'users'), clock, silentLog, lanes);
});
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.stop();
});
afterAll(async () => {
  users.close();
  await nats.stop();
  rmSync(dir, { recursive: true });
});

async function start(options: RigOptions = {}) {
  const logins = new Logins({ users, clock, maxFailuresPerAddress: 1000, failureWindowMs: 60_000 });
  const rig = await startRig(nats, { lanes, logins, authWithoutTls: loopback, trustedNetworks: loopback, ...options });
  rigs.push(rig);
  return rig;
}

describe('a further lane', () => {
  it.each([
    ['the header', undefined, 'X-Posthaste-Lane: Wedding-Day\r\n'],
    ['the user name', 'calm+lane=wedding-day', ''],
    ['the user', 'planner', ''],
  ])('comes by %s, into the log of its base, and under its name into the ticket', async (_, user, headers) => {
    const rig = await start();
    const client = await rig.client();
    if (user?.startsWith('calm')) expect(await client.say(login('eager+lane=wedding-day'))).toMatch(/^235 /);
    else if (user) expect(await client.say(login(user))).toMatch(/^235 /);
    await sendMail(client, `${headers}Subject: x\r\n\r\nx`);
    expect((await rig.newest('high')).ticket).toMatchObject(weddingDay);
  });

  it('is as urgent as its base where that is bounded', async () => {
    const rig = await start();
    const calm = await rig.client();
    expect(await calm.say(login('calm+lane=wedding-day'))).toMatch(/^235 /);
    await sendMail(calm, 'Subject: x\r\n\r\nx');
    const { ticket } = await rig.newest('normal');
    expect(ticket.lane).toBe('normal');
    expect(ticket).not.toHaveProperty('furtherLane');
    const eager = await rig.client();
    await eager.say(login('eager'));
    await sendMail(eager, 'X-Posthaste-Lane: wedding-day\r\n\r\nx');
    expect((await rig.newest('high')).ticket).toMatchObject(weddingDay);
  });

  it('that there is not is refused with those that there are', async () => {
    const rig = await start();
    const client = await rig.client();
    const known = 'expected one of immediate, high, wedding-day, normal, low (did you mean wedding-day?)';
    expect(await client.say(login('eager+lane=weding-day'))).toBe(`535 5.7.8 lane in the user name is "weding-day"; ${known}`);
    expect(await sendMail(client, 'X-Posthaste-Lane: weding-day\r\n\r\nx')).toBe(`554 5.6.0 X-Posthaste-Lane is "weding-day"; ${known}`);
  });

  it('can be the lane of mail that asks for none, if it is configured', () => {
    const env = { POSTHASTE_RELAY_LANE: 'wedding-day' };
    const further = { POSTHASTE_LANES_FURTHER: 'wedding-day=high' };
    expect(loadConfig(relaySettings, { argv: [], env: { ...env, ...further } }).values['relay.lane']).toBe('wedding-day');
    expect(() => loadConfig(relaySettings, { argv: [], env })).toThrow(ConfigError);
    expect(() => loadConfig(relaySettings, { argv: [], env })).toThrow(
      "relay.lane (env POSTHASTE_RELAY_LANE): expected one of immediate, high, normal, low instead of 'wedding-day'",
    );
  });
});
