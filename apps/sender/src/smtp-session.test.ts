import { createServer, type AddressInfo, type Server } from 'node:net';
import { systemClock } from '@posthaste/telemetry';
import {
  asciiMail,
  dottedMail,
  eightBitMail,
  eventually,
  startFakeUpstream,
  type FakeUpstream,
  type Script,
  utf8HeaderMail,
} from '@posthaste/testkit';
import { afterEach, expect, it } from 'vitest';
import type { SmtpSession } from './smtp-session.ts';
import type { Body, Envelope } from './smtp-transaction.ts';
import { openSession } from './smtp-upstream.ts';
import { targetOf } from './rig.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startUpstream(script: Script = {}): Promise<FakeUpstream> {
  const upstream = await startFakeUpstream({ script });
  cleanups.push(() => upstream.close());
  return upstream;
}

async function open(url: string): Promise<SmtpSession> {
  const session = await openSession(targetOf(url), { clock: systemClock });
  cleanups.push(() => session.wire.quit());
  return session;
}

const envelope = (change: Partial<Envelope> = {}): Envelope => ({
  from: 'a@example.org',
  recipients: [recipient('b@example.net')],
  size: 0,
  eightBit: false,
  smtpUtf8: false,
  dsnReturn: '',
  dsnEnvelopeId: '',
  ...change,
});
const recipient = (address: string, dsnNotify = '', dsnOriginal = '') => ({ address, dsnNotify, dsnOriginal });
const whole = (bytes: Buffer): Body => ({ kind: 'whole', bytes });
const yes = async () => true;
const codes = (transaction: Awaited<ReturnType<SmtpSession['transact']>>) =>
  transaction.kind === 'answered' ? transaction.replies.map(({ code }) => code) : transaction;

const longLines = Buffer.from(`Subject: long\r\n\r\n${'x'.repeat(200_000)}\r\n.${'y'.repeat(70_000)}\r\n`);
it.each([
  ['plain text', asciiMail(1)],
  ['dots', dottedMail(2)],
  ['8-bit bytes', eightBitMail(3)],
  ['UTF-8 headers', utf8HeaderMail(4)],
  ['long lines', longLines],
  ['an empty body', Buffer.alloc(0)],
])('brings %s over byte for byte, whole and in pieces', async (_, bytes) => {
  const upstream = await startUpstream();
  const session = await open(upstream.url);
  const needs = envelope({ eightBit: true, smtpUtf8: true, size: bytes.length });
  await session.transact(needs, whole(bytes), yes);
  await session.transact(needs, { kind: 'pieces', pieces: cut(bytes, 1000) }, yes);
  expect(upstream.mails.map(({ raw }) => raw.equals(bytes))).toEqual([true, true]);
  expect(upstream.counts().connections).toBe(1);
});

it('adds the final CRLF that DATA cannot do without', async () => {
  const upstream = await startUpstream();
  const session = await open(upstream.url);
  await session.transact(envelope(), whole(Buffer.from('Subject: x\r\n\r\nno end')), yes);
  expect(upstream.mails[0]?.raw.toString()).toBe('Subject: x\r\n\r\nno end\r\n');
});

it.each([
  ['with PIPELINING', undefined],
  ['without PIPELINING', ['8BITMIME']],
])('gives each recipient its own answer, %s', async (_, keywords) => {
  const upstream = await startUpstream({
    ...(keywords ? { keywords } : {}),
    rules: [
      { at: 'rcpt', recipient: 'no@*', reply: '550 5.1.1 Unknown' },
      { at: 'rcpt', recipient: 'full@*', reply: '452 4.2.2 Full' },
    ],
  });
  const session = await open(upstream.url);
  const recipients = ['no@example.net', 'b@example.net', 'full@example.net', 'b@example.net'].map((address) => recipient(address));
  expect(codes(await session.transact(envelope({ recipients }), whole(asciiMail(1)), yes))).toEqual([550, 250, 452, 250]);
  expect(codes(await session.transact(envelope({ recipients: recipients.slice(0, 1) }), whole(asciiMail(2)), yes))).toEqual([550]);
  expect(codes(await session.transact(envelope(), whole(asciiMail(3)), yes))).toEqual([250]);
  expect(upstream.mails.map(({ to }) => to.length)).toEqual([2, 1]);
  expect(upstream.counts().connections).toBe(1);
});

it.each(['mail', 'data', 'final'] as const)('goes on with the same session after a refusal at %s', async (at) => {
  const upstream = await startUpstream({ rules: [{ at, times: 1, reply: '451 4.3.0 Later' }] });
  const session = await open(upstream.url);
  const recipients = [recipient('b@example.net'), recipient('c@example.net')];
  expect(codes(await session.transact(envelope({ recipients }), whole(asciiMail(1)), yes))).toEqual([451, 451]);
  expect(codes(await session.transact(envelope({ recipients }), whole(asciiMail(2)), yes))).toEqual([250, 250]);
  expect(upstream.counts()).toMatchObject({ connections: 1, mails: 1 });
});

it('hands SIZE, 8BITMIME, SMTPUTF8 and the DSN parameters of each recipient on as they are', async () => {
  const upstream = await startUpstream();
  const session = await open(upstream.url);
  const recipients = [recipient('b@example.net', 'SUCCESS,FAILURE', 'rfc822;x+2By@example.net'), recipient('c@example.net', 'NEVER')];
  await session.transact(
    envelope({ recipients, size: 10, eightBit: true, smtpUtf8: true, dsnReturn: 'HDRS', dsnEnvelopeId: 'id+2B1' }),
    whole(asciiMail(1)),
    yes,
  );
  const mail = upstream.mails[0];
  expect(mail?.from.parameters).toEqual({ SIZE: '10', BODY: '8BITMIME', SMTPUTF8: '', RET: 'HDRS', ENVID: 'id+2B1' });
  expect(mail?.to.map(({ parameters }) => parameters)).toEqual([
    { NOTIFY: 'SUCCESS,FAILURE', ORCPT: 'rfc822;x+2By@example.net' },
    { NOTIFY: 'NEVER' },
  ]);
});

it('keeps the parameters of extensions that are not offered to itself', async () => {
  const upstream = await startUpstream({ keywords: [] });
  const session = await open(upstream.url);
  expect(session.extensions).toEqual({ pipelining: false, eightBitMime: false, smtpUtf8: false, dsn: false, size: true });
  const recipients = [recipient('b@example.net', 'NEVER', 'rfc822;x@example.net')];
  expect(codes(await session.transact(envelope({ recipients, dsnReturn: 'FULL' }), whole(asciiMail(1)), yes))).toEqual([250]);
});

it.each([
  ['drops at MAIL', { at: 'mail', drop: true }, { heard: false, handedOver: false }],
  [
    'says 421 at RCPT',
    { at: 'rcpt', reply: '421 4.3.2 Closing' },
    { heard: true, handedOver: false, lost: { reply: { code: 421, enhanced: '4.3.2', text: 'Closing' } } },
  ],
  ['drops in mid-body', { at: 'body', drop: true }, { heard: true, handedOver: false }],
  ['loses its final reply', { at: 'final', drop: true }, { heard: true, handedOver: true }],
] as const)('tells how far it came when the upstream %s', async (_, rule, expected) => {
  const upstream = await startUpstream({ rules: [rule] });
  const session = await open(upstream.url);
  const body: Body = rule.at === 'body' ? { kind: 'pieces', pieces: forever() } : whole(asciiMail(1));
  expect(await session.transact(envelope(), body, yes)).toMatchObject({ kind: 'lost', ...expected });
  expect(session.wire.lost).toBeDefined();
});

it('takes 421 to the final dot for the answer that it is', async () => {
  const upstream = await startUpstream({ rules: [{ at: 'final', reply: '421 4.3.2 Closing' }] });
  const session = await open(upstream.url);
  expect(codes(await session.transact(envelope(), whole(asciiMail(1)), yes))).toEqual([421]);
  expect(session.wire.lost).toBeDefined();
});

it.each([
  ['small', asciiMail(1)],
  ['large', asciiMail(1, 300_000)],
])('drops the connection instead of the last bytes of a %s body when it is too late', async (_, bytes) => {
  const upstream = await startUpstream();
  const session = await open(upstream.url);
  expect(await session.transact(envelope(), whole(bytes), async () => false)).toEqual({ kind: 'tooLate' });
  await eventually(() => upstream.counts().open === 0);
  expect(upstream.mails).toEqual([]);
});

it('drops the connection when the body fails at its end', async () => {
  const upstream = await startUpstream();
  const session = await open(upstream.url);
  const error = new Error('wrong digest');
  expect(await session.transact(envelope(), { kind: 'pieces', pieces: failing(error) }, yes)).toEqual({ kind: 'bodyFailed', error });
  await eventually(() => upstream.counts().open === 0);
  expect(upstream.mails).toEqual([]);
});

it('ends a session whose upstream does not answer in time', async () => {
  const upstream = await startUpstream({ rules: [{ at: 'mail', delayMs: 60_000 }] });
  const session = await open(`${upstream.url}?timeout=20ms`);
  const transaction = session.transact(envelope(), whole(asciiMail(1)), yes);
  await eventually(() => {
    session.wire.checkProgress();
    return session.wire.lost !== undefined;
  });
  expect(await transaction).toMatchObject({ kind: 'lost', handedOver: false });
});

it('notices at once when a resting upstream goes away', async () => {
  const upstream = await startUpstream();
  const session = await open(upstream.url);
  await upstream.goDown();
  await eventually(() => session.wire.lost !== undefined);
});

it('takes a refusal in mid-body for the answer', async () => {
  const server = await startRudeServer();
  const session = await open(`smtp://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(codes(await session.transact(envelope(), { kind: 'pieces', pieces: forever() }, yes))).toEqual([552]);
});

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* forever(): AsyncGenerator<Buffer> {
  for (;;) yield Buffer.alloc(64 * 1024, 'more and more\r\n');
}

async function* failing(error: Error): AsyncGenerator<Buffer> {
  yield Buffer.from('one\r\n');
  yield Buffer.from('two\r\n');
  throw error;
}

/** Says 552 as soon as it has seen the first bytes of a body. */
async function startRudeServer(): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('220 rude\r\n');
    let body = false;
    socket.on('data', (chunk) => {
      const said = chunk.toString();
      if (body) socket.write('552 5.3.4 Too big\r\n');
      else if (said.startsWith('DATA')) body = true;
      if (!body || said.startsWith('DATA')) socket.write(said.startsWith('DATA') ? '354 Go on\r\n' : '250 Ok\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return server;
}
