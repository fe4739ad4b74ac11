import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, silentMailLog, systemClock as clock, type AcceptedLine } from '@posthaste/telemetry';
import { testCertificate, type SmtpDialog } from '@posthaste/testkit';
import { hashPassword } from '@posthaste/users';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openCertificate, type Certificate } from './certificate.ts';
import type { LiveFile } from './live-file.ts';
import { Logins, openUsers, type Users } from './logins.ts';
import { refusalsTotal } from './metrics.ts';
import { idOf, sendMail, startNats, startRig, type Nats, type RigOptions } from './rig.ts';

let nats: Nats;
let dir: string;
let certificate: LiveFile<Certificate>;
let users: LiveFile<Users>;
const rigs: Awaited<ReturnType<typeof startRig>>[] = [];
const logged: AcceptedLine[] = [];

const password = 'p\u00e4ss word';
const hash = await hashPassword(password);
const shop = { name: 'shop', password: hash, tenant: 'shop', lane: 'low', tags: { app: 'shop', from: 'user' } };
const bare = { name: 'bare', password: hash };
const owner = { name: 'owner', password: hash, senders: ['@shop.example', 'one@example.org'] };

const base64 = (text: string) => Buffer.from(text).toString('base64');
const plain = (name: string, secret = password, actAs = '') => `AUTH PLAIN ${base64(`${actAs}\0${name}\0${secret}`)}`;

function write(...entries: object[]): void {
  writeFileSync(join(dir, 'next'), JSON.stringify({ users: entries }));
  renameSync(join(dir, 'next'), join(dir, 'users'));
}

/** Everybody must log in, and nobody may without TLS. */
async function start(options: RigOptions = {}) {
  const logins = new Logins({ users, clock, maxFailuresPerAddress: 1000, failureWindowMs: 60_000 });
  const strict = { trustedNetworks: ['none'], authWithoutTls: ['none'], failedLoginDelayMs: 1 };
  const mailLog = { ...silentMailLog, accepted: (line: AcceptedLine) => logged.push(line) };
  const rig = await startRig(nats, { certificate, logins, mailLog, ...strict, ...options });
  rigs.push(rig);
  return rig;
}

const counted = async (reason: string) => (await refusalsTotal.get()).values.find(({ labels }) => labels.reason === reason)?.value ?? 0;

beforeAll(async () => {
  nats = await startNats();
  dir = mkdtempSync(join(tmpdir(), 'posthaste-auth-'));
  writeFileSync(join(dir, 'cert'), testCertificate.cert);
  writeFileSync(join(dir, 'key'), testCertificate.key);
  write(shop, bare, owner);
  certificate = await openCertificate({ certPath: join(dir, 'cert'), keyPath: join(dir, 'key') }, clock, silentLog);
  users = await openUsers(join(dir, 'users'), clock, silentLog, undefined, 3_600_000);
});

afterEach(async () => {
  for (const rig of rigs.splice(0)) {
    rig.dismiss();
    await rig.stop();
  }
  write(shop, bare, owner);
  await users.reload();
});

afterAll(async () => {
  certificate.close();
  users.close();
  await nats.stop();
  rmSync(dir, { recursive: true });
});

describe('a login', () => {
  it.each<[string, (client: SmtpDialog) => Promise<string>]>([
    ['AUTH PLAIN at once', (client) => client.say(plain('bare'))],
    [
      'AUTH PLAIN after a challenge',
      async (client) => {
        expect(await client.say('AUTH PLAIN')).toBe('334');
        return client.say(base64(`\0bare\0${password}`));
      },
    ],
    ['AUTH PLAIN acting as oneself', (client) => client.say(plain('bare', password, 'bare'))],
    [
      'AUTH LOGIN',
      async (client) => {
        expect(await client.say('AUTH LOGIN')).toBe(`334 ${base64('Username:')}`);
        expect(await client.say(base64('bare'))).toBe(`334 ${base64('Password:')}`);
        return client.say(base64(password));
      },
    ],
    [
      'AUTH LOGIN with the name at once',
      async (client) => {
        expect(await client.say(`auth login ${base64('bare')}`)).toBe(`334 ${base64('Password:')}`);
        return client.say(base64(password));
      },
    ],
  ])('by %s', async (_, logIn) => {
    const rig = await start();
    const client = await rig.tlsClient('implicit');
    expect(await logIn(client)).toMatch(/^235 2\.7\.0 /);
    const id = idOf(await sendMail(client, 'Subject: x\r\n\r\nx', 'MAIL FROM:<a@example.org> AUTH=<>'));
    expect((await rig.newest()).text).toMatch(/with ESMTPSA id/);
    expect(logged.at(-1)).toMatchObject({ id, user: 'bare', door: 'ESMTPSA' });
    expect(await client.say('EHLO again')).not.toMatch(/AUTH/);
    expect(await client.say(plain('shop'))).toMatch(/^503 5\.5\.1 /);
  });

  it.each([
    ['a wrong password', plain('bare', 'wrong'), '535 5.7.8 user name or password is wrong'],
    ['a user who is not there', plain('nobody'), '535 5.7.8 user name or password is wrong'],
    ['acting as another', plain('bare', password, 'shop'), '535 5.7.8 user name or password is wrong'],
    ['another mechanism', 'AUTH CRAM-MD5', /^504 5\.5\.4 /],
    ['half a message', `AUTH PLAIN ${base64('bare')}`, /^501 5\.5\.4 /],
  ])('is refused with %s', async (_, command, reply) => {
    const client = await (await start()).tlsClient();
    expect(await client.say(command)).toMatch(reply);
    expect(await client.say('MAIL FROM:<a@example.org>')).toBe('530 5.7.0 log in first');
    expect(await client.say(plain('bare'))).toMatch(/^235 /);
  });

  it('can be called off', async () => {
    const client = await (await start()).tlsClient();
    await client.say('AUTH LOGIN');
    expect(await client.say('*')).toMatch(/^501 /);
    expect(await client.say(plain('bare'))).toMatch(/^235 /);
  });

  it('ends the session after three wrong ones', async () => {
    const before = await counted('TOO_MANY_FAILED_LOGINS');
    const client = await (await start()).tlsClient();
    for (let time = 0; time < 2; time++) expect(await client.say(plain('bare', 'x'))).toMatch(/^535 5\.7\.8 /);
    expect(await client.say(plain('bare', 'x'))).toMatch(/^421 4\.7\.0 /);
    await client.closed();
    expect(await counted('TOO_MANY_FAILED_LOGINS')).toBe(before + 1);
  });

  it('is put off while nobody knows who may log in', async () => {
    const client = await (await start()).tlsClient();
    rmSync(join(dir, 'users'));
    await users.reload();
    expect(await client.say(plain('bare'))).toMatch(/^454 4\.7\.0 /);
  });

  it('has no place within a mail transaction', async () => {
    const client = await (await start({ trustedNetworks: ['127.0.0.0/8'] })).tlsClient();
    await client.say('MAIL FROM:<a@example.org>');
    expect(await client.say(plain('bare'))).toMatch(/^503 5\.5\.1 /);
  });
});

describe('options behind the user name', () => {
  const plus = { name: 'app+lane=low', password: hash };

  it('hold for all mail of the session, over the user and common headers, under our own headers and MAIL', async () => {
    const rig = await start();
    const client = await rig.tlsClient();
    expect(await client.say(plain('shop+lane=high;ttl=10m;tag=otp;tag.from=name'))).toMatch(/^235 /);
    await sendMail(client, 'X-Priority: 5\r\n\r\nx');
    const { ticket } = await rig.newest('high');
    expect(ticket).toMatchObject({ tenant: 'shop', lane: 'high', tags: { app: 'shop', from: 'name', tag: 'otp' } });
    expect((ticket.deadline ?? 0) - ticket.acceptedAt).toBe(600_000);
    expect(logged.at(-1)).toMatchObject({ user: 'shop', lane: 'high' });
    await sendMail(client, 'X-Posthaste-Lane: normal\r\nX-Posthaste-Tags: tag=sms\r\n\r\nx');
    expect((await rig.newest('normal')).ticket).toMatchObject({ lane: 'normal', tags: { app: 'shop', from: 'name', tag: 'sms' } });
    await sendMail(client, 'X-Posthaste-Lane: normal\r\n\r\nx', 'MAIL FROM:<a@example.org> MT-PRIORITY=9');
    expect((await rig.newest('immediate')).ticket).toMatchObject({ lane: 'immediate', tags: { tag: 'otp' } });
  });

  it('go on holding when the users file changes, and end with the login', async () => {
    const rig = await start({ authWithoutTls: ['127.0.0.0/8'], trustedNetworks: ['127.0.0.0/8'] });
    const client = await rig.client();
    await client.say(plain('bare+lane=high'));
    write({ ...bare, tags: { later: 'yes' } });
    await users.reload();
    const id = idOf(await sendMail(client, 'x'));
    expect((await rig.newest('high')).ticket).toMatchObject({ id, tags: { later: 'yes' } });
    await client.say('STARTTLS');
    await client.secure(testCertificate.cert);
    await client.say('EHLO client.example');
    const after = idOf(await sendMail(client, 'x'));
    expect((await rig.newest()).ticket.id).toBe(after);
  });

  it('leave alone a user whose whole name looks like some', async () => {
    write(plus, { name: 'app', password: await hashPassword('another') });
    await users.reload();
    const rig = await start();
    const client = await rig.tlsClient();
    expect(await client.say(plain('app+lane=low'))).toMatch(/^235 /);
    const id = idOf(await sendMail(client, 'x'));
    expect((await rig.newest()).ticket.id).toBe(id);
    const both = await rig.tlsClient();
    expect(await both.say(plain('app+lane=low+lane=high'))).toBe('535 5.7.8 user name or password is wrong');
    expect(await both.say(plain('app+lane=high', 'another'))).toMatch(/^235 /);
  });

  it('are told to be wrong only to who knows the password', async () => {
    const before = await counted('LOGIN_OPTION_WRONG');
    const client = await (await start()).tlsClient();
    expect(await client.say(plain('bare+colour=red', 'wrong'))).toBe('535 5.7.8 user name or password is wrong');
    expect(await client.say(plain('nobody+colour=red'))).toBe('535 5.7.8 user name or password is wrong');
    expect(await client.say(plain('bare+colour=red'))).toBe(
      '535 5.7.8 colour in the user name is not known; expected lane, ttl, deadline, delay, send-at, tag or tag.NAME',
    );
    expect(await client.say('MAIL FROM:<a@example.org>')).toBe('530 5.7.0 log in first');
    expect(await counted('LOGIN_OPTION_WRONG')).toBe(before + 1);
    expect(await client.say(plain('bare+lane=low'))).toMatch(/^235 /);
  });
});

describe('the most urgent lane of a user', () => {
  it('is what mail gets that asks for more, and MAIL is told so when a priority was lowered', async () => {
    write({ ...bare, maxLane: 'high' });
    await users.reload();
    const rig = await start();
    const client = await rig.tlsClient();
    await client.say(plain('bare+lane=immediate'));
    expect(await client.say('MAIL FROM:<a@example.org> MT-PRIORITY=9')).toBe(
      '250 2.3.6 4 is the new priority; lane high is the most urgent that you may use',
    );
    await client.say('RSET');
    expect(await client.say('MAIL FROM:<a@example.org> MT-PRIORITY=4')).toMatch(/^250 2\.1\.0 /);
    await client.say('RSET');
    const id = idOf(await sendMail(client, 'X-Posthaste-Lane: immediate\r\n\r\nx', 'MAIL FROM:<a@example.org> MT-PRIORITY=9'));
    const { ticket, text } = await rig.newest('high');
    expect(ticket.id).toBe(id);
    expect(text).toMatch(/ PRIORITY 9;\r\n.*\r\nMT-Priority: 4\r\n/);
  });
});

describe('without TLS', () => {
  it('a login is neither offered nor taken', async () => {
    const client = await (await start()).client('');
    expect(await client.say('EHLO c')).not.toMatch(/AUTH/);
    expect(await client.say(plain('bare'))).toBe('538 5.7.11 a login needs TLS; say STARTTLS first');
    expect(await client.say('MAIL FROM:<a@example.org>')).toBe('530 5.7.0 say STARTTLS and log in first');
  });

  it('a login is possible for whom a setting says so, and is forgotten when TLS begins', async () => {
    const client = await (await start({ authWithoutTls: ['127.0.0.1'] })).client('');
    expect(await client.say('EHLO c')).toMatch(/^250-AUTH PLAIN LOGIN$/m);
    expect(await client.say(plain('bare'))).toMatch(/^235 /);
    expect(await client.say('MAIL FROM:<a@example.org>')).toMatch(/^250 /);
    await client.say('RSET');
    await client.say('STARTTLS');
    await client.secure(testCertificate.cert);
    await client.say('EHLO c');
    expect(await client.say('MAIL FROM:<a@example.org>')).toBe('530 5.7.0 log in first');
  });

  it('and without users there is nobody to log in as', async () => {
    const rig = await startRig(nats, { trustedNetworks: ['192.0.2.0/24'] });
    rigs.push(rig);
    const client = await rig.client();
    expect(await client.say(plain('bare'))).toBe('502 5.5.1 there are no users here to log in as');
    expect(await client.say('MAIL FROM:<a@example.org>')).toBe('550 5.7.1 your address 127.0.0.1 may not send mail here');
  });
});

describe('mail of a user', () => {
  const relayDefaults: RigOptions = { tenant: 'house', lane: 'high', tags: { site: 'one', from: 'relay' } };

  async function ticketOf(user: string | undefined, headers: string, lane: 'immediate' | 'high' | 'normal' | 'low', options = relayDefaults) {
    const rig = await start({ ...options, trustedNetworks: ['127.0.0.1'] });
    const client = await rig.tlsClient();
    if (user !== undefined) await client.say(plain(user));
    const id = idOf(await sendMail(client, `${headers}Subject: x\r\n\r\nx`));
    const { ticket } = await rig.newest(lane);
    expect(ticket.id).toBe(id);
    return { tenant: ticket.tenant, lane: ticket.lane, tags: ticket.tags };
  }

  it.each([
    ['the user over the relay', 'shop', '', 'low', { tenant: 'shop', tags: { site: 'one', app: 'shop', from: 'user' } }],
    ['the relay for a user who says nothing', 'bare', '', 'high', { tenant: 'house', tags: { site: 'one', from: 'relay' } }],
    ['the relay for mail without a login', undefined, '', 'high', { tenant: 'house', tags: { site: 'one', from: 'relay' } }],
    [
      'the mail over both, but for the tenant',
      'shop',
      'X-Posthaste-Lane: immediate\r\nX-Posthaste-Tags: from=mail, more=1\r\nX-Posthaste-Tenant: evil\r\n',
      'immediate',
      { tenant: 'shop', tags: { site: 'one', app: 'shop', from: 'mail', more: '1' } },
    ],
    ['an urgent mail over the user', 'shop', 'X-Priority: 1\r\n', 'high', { tenant: 'shop', tags: { site: 'one', app: 'shop', from: 'user' } }],
    ['the user over a "normal"', 'shop', 'X-Priority: 3\r\n', 'low', { tenant: 'shop', tags: { site: 'one', app: 'shop', from: 'user' } }],
  ] as const)('takes lane, tenant and tags of %s', async (_, user, headers, lane, expected) => {
    expect(await ticketOf(user, headers, lane)).toEqual({ lane, ...expected });
  });

  it('goes in chunks to the right lane too', async () => {
    const rig = await start();
    const client = await rig.tlsClient();
    await client.say(plain('shop'));
    expect(idOf(await sendMail(client, Buffer.alloc(2 ** 20, 'Subject: x\r\n\r\nx')))).toMatch(/-/);
    expect((await rig.newest('low')).ticket).toMatchObject({ lane: 'low', chunked: { count: expect.any(Number) } });
  });

  it('may come only from the senders of that user', async () => {
    const client = await (await start()).tlsClient();
    await client.say(plain('owner'));
    expect(await client.say('MAIL FROM:<other@example.org>')).toBe('553 5.7.1 user owner may not send as other@example.org');
    for (const sender of ['<one@example.org>', '<any@shop.example>', '<>']) {
      expect(await client.say(`MAIL FROM:${sender}`)).toMatch(/^250 /);
      await client.say('RSET');
    }
  });
});

describe('a change of the users file', () => {
  it('reaches sessions that are open: new values hold, and who is gone or has a new password logs in again', async () => {
    const rig = await start();
    const client = await rig.tlsClient();
    await client.say(plain('shop'));
    write({ ...shop, tenant: 'shop2', lane: 'normal' });
    await users.reload();
    expect(idOf(await sendMail(client, 'Subject: x\r\n\r\nx'))).toMatch(/-/);
    expect((await rig.newest()).ticket).toMatchObject({ tenant: 'shop2', lane: 'normal' });
    write({ ...shop, password: await hashPassword('new') });
    await users.reload();
    expect(await client.say('MAIL FROM:<a@example.org>')).toBe('530 5.7.0 your login is no longer valid; log in again');
    expect(await client.say(plain('shop'))).toMatch(/^535 /);
    expect(await client.say(plain('shop', 'new'))).toMatch(/^235 /);
    write();
    await users.reload();
    expect(await client.say('MAIL FROM:<a@example.org>')).toMatch(/^530 /);
  });
});
