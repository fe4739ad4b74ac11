import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { systemClock } from '@posthaste/telemetry';
import { startFakeUpstream, type Script } from '@posthaste/testkit';
import { afterEach, expect, it } from 'vitest';
import { openSession } from './smtp-upstream.ts';
import { targetOf } from './rig.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const open = (url: string) => openSession(targetOf(url), { clock: systemClock, hostname: 'sender.test' });

async function startUpstream(script: Script = {}) {
  const upstream = await startFakeUpstream({ script });
  cleanups.push(() => upstream.close());
  return upstream;
}

/** Answers each line by the first pattern that fits it; stays silent when none does. Resolves with its address. */
async function startLineServer(answers: readonly (readonly [RegExp, string])[]): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('220 line server\r\n');
    createInterface(socket).on('line', (line) => {
      const answer = answers.find(([pattern]) => pattern.test(line))?.[1];
      if (answer !== undefined) socket.write(`${answer}\r\n`);
    });
    cleanups.push(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ehlo = [/^EHLO sender\.test$/, '250-line server\r\n250-AUTH PLAIN\r\n250 8bitmime'] as const;

it('reads what the upstream offers', async () => {
  const session = await open((await startUpstream({ keywords: ['PIPELINING', 'DSN'] })).url);
  expect(session.extensions).toEqual({ pipelining: true, eightBitMime: false, smtpUtf8: false, dsn: true, size: true });
  await session.wire.quit();
});

it('logs in', async () => {
  const secret = Buffer.from('\0user\0pass').toString('base64');
  const address = await startLineServer([ehlo, [new RegExp(`^AUTH PLAIN ${secret}$`), '235 2.7.0 Welcome'], [/^AUTH/, '535 5.7.8 Wrong password']]);
  const session = await open(`smtp://user:pass@${address}`);
  expect(session.extensions.eightBitMime).toBe(true);
  await session.wire.quit();
  await expect(open(`smtp://user:secret@${address}`)).rejects.toMatchObject({
    reply: { code: 535, enhanced: '5.7.8', text: expect.stringMatching(/^Wrong password \(the login as user was refused: check/) },
  });
});

it('takes an upstream without EHLO for one without extensions', async () => {
  const session = await open(
    `smtp://${await startLineServer([
      [/^EHLO/, '502 5.5.1 What?'],
      [/^HELO/, '250 line server'],
    ])}`,
  );
  expect(Object.values(session.extensions)).toEqual([false, false, false, false, false]);
  await session.wire.quit();
});

it('gives up an upstream that falls silent after the connection is made', async () => {
  await expect(open(`smtp://${await startLineServer([])}?timeout=50ms`)).rejects.toMatchObject({ name: 'UpstreamUnusable', reply: { code: 0 } });
});

it.each([
  ['refuses in the greeting', { at: 'greeting', reply: '554 5.7.1 Not you' }, 554],
  ['refuses EHLO', { at: 'ehlo', reply: '421 4.3.2 Not now' }, 421],
  ['drops before the greeting', { at: 'greeting', drop: true }, 0],
] as const)('cannot be opened when the upstream %s', async (_, rule, code) => {
  const upstream = await startUpstream({ rules: [rule] });
  await expect(open(upstream.url)).rejects.toMatchObject({ name: 'UpstreamUnusable', reply: { code } });
});

it('cannot be opened when nobody listens', async () => {
  const upstream = await startUpstream();
  await upstream.goDown();
  await expect(open(upstream.url)).rejects.toMatchObject({
    name: 'UpstreamUnusable',
    reply: { code: 0, text: expect.stringContaining('ECONNREFUSED') },
  });
});

it('cannot be opened without TLS where TLS is required', async () => {
  const upstream = await startUpstream();
  await expect(open(`${upstream.url}?tls=required`)).rejects.toMatchObject({ name: 'UpstreamUnusable' });
});
