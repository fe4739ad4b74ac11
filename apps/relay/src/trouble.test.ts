import { mailStream, streamState, trimLog } from '@posthaste/stream';
import { eventually } from '@posthaste/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { idOf, sendMail, startNats, startRig, type Nats, type RigOptions } from './rig.ts';

let nats: Nats;
let rig: Awaited<ReturnType<typeof startRig>> | undefined;

const start = async (options: RigOptions = {}) => (rig = await startRig(nats, options));

beforeEach(async () => {
  nats = await startNats();
});

afterEach(async () => {
  await rig?.stop();
  rig = undefined;
  await nats.stop();
});

describe('our own trouble', () => {
  it('away: 451 in time, and service resumes by itself', async () => {
    const { client: dial } = await start({ retryForMs: 300 });
    const client = await dial();
    await nats.kill();
    expect(await sendMail(client, 'x')).toBe('451 4.3.0 storage does not answer; try again later');
    await nats.restart();
    await eventually(async () => (await sendMail(client, 'x')).startsWith('250 '));
  });

  it('away for a moment: the client waits, and gets its 250', async () => {
    const { client: dial, newest } = await start({ retryForMs: 20_000 });
    const client = await dial();
    await nats.kill();
    const reply = sendMail(client, 'x');
    await nats.restart();
    const id = idOf(await reply);
    expect((await newest()).ticket.id).toBe(id);
  });

  it('full: 452 before the body, other lanes go on, and service resumes by itself', async () => {
    const { client: dial, connection } = await start({ storageBytes: 2 ** 25 });
    const client = await dial();
    const big = Buffer.alloc(60 * 1024, 'x\r\n');
    const low = Buffer.concat([Buffer.from('X-Posthaste-Lane: low\r\n\r\n'), big]);
    const full = /^452 4\.3\.1 there is no room for more mail \(.*\); try again later$/;
    await eventually(async () => full.test(await sendMail(client, low)));
    expect(await sendMail(client, 'X-Posthaste-Lane: high\r\n\r\nx')).toMatch(/^250 /);
    expect((await streamState(connection, mailStream(0, 'low'))).messages).toBeGreaterThan(50);
    for (const lane of ['immediate', 'high', 'normal']) {
      const message = Buffer.concat([Buffer.from(`X-Posthaste-Lane: ${lane}\r\n\r\n`), big]);
      await eventually(async () => full.test(await sendMail(client, message)));
    }
    await eventually(async () => {
      const reply = await client.say('MAIL FROM:<a@example.org>');
      if (reply.startsWith('250')) await client.say('RSET');
      return full.test(reply);
    });
    const normal = mailStream(0, 'normal');
    await trimLog(connection, normal, (await streamState(connection, normal)).last);
    await eventually(async () => (await sendMail(client, 'x')).startsWith('250 '));
  });
});

describe('a slow client', () => {
  it('that sends a command byte by byte loses its place', async () => {
    const { client: dial } = await start({ idleTimeoutMs: 200, watchIntervalMs: 20 });
    const client = await dial();
    const drip = setInterval(() => client.send('x'), 20);
    expect(await client.reply()).toMatch(/^421 4\.4\.2 /);
    clearInterval(drip);
  });

  it('that sends a message byte by byte loses its place, one that waits for us does not', async () => {
    const { client: dial } = await start({ idleTimeoutMs: 200, dataTimeoutMs: 300, watchIntervalMs: 20, retryForMs: 1000 });
    const patient = await dial();
    const client = await dial();
    for (const line of ['MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'DATA']) await client.say(line);
    const drip = setInterval(() => client.send('x'), 20);
    expect(await client.reply()).toMatch(/^421 4\.4\.2 /);
    clearInterval(drip);
    await patient.closed();
    const waiting = await dial();
    await nats.kill();
    expect(await sendMail(waiting, 'x')).toMatch(/^451 /);
    expect(await waiting.say('NOOP')).toMatch(/^250 /);
    await nats.restart();
  });
});

describe('draining', () => {
  it('sends idle clients away, and finishes what is under way', async () => {
    const { client: dial, relay, newest } = await start();
    const [idle, busy] = [await dial(), await dial()];
    for (const line of ['MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'DATA']) await busy.say(line);
    const drained = relay.drain(10_000);
    expect(await idle.reply()).toMatch(/^421 4\.3\.2 /);
    await expect(dial()).rejects.toThrow();
    const id = idOf(await busy.say('x\r\n.'));
    expect(await busy.reply()).toMatch(/^421 4\.3\.2 /);
    await drained;
    expect((await newest()).ticket.id).toBe(id);
  });

  it('does not wait for a client beyond its time', async () => {
    const { client: dial, relay } = await start();
    const busy = await dial();
    await busy.say('MAIL FROM:<a@example.org>');
    await relay.drain(50);
    expect(await busy.reply()).toMatch(/^421 4\.3\.2 /);
    await busy.closed();
  });
});
