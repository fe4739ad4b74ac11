import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { encodeTicket, idInPartition } from '@posthaste/core';
import { type Attempt, AttemptRecipientSchema, AttemptSchema, type Body, BodySchema, Outcome } from '@posthaste/protocol/dispatch';
import {
  connectStream,
  createPublisher,
  ensureStreams,
  mailStream,
  mailSubject,
  type Publisher,
  type StreamConnection,
  ticketHeader,
  writeChunks,
} from '@posthaste/stream';
import { findNatsServer, type NatsServer, startNatsServer } from '@posthaste/stream/server';
import { noTracing, silentLog, systemClock } from '@posthaste/telemetry';
import { asciiMail, eightBitMail, eventually, type FakeUpstream, freePort, type Script, startFakeUpstream } from '@posthaste/testkit';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ScriptedScheduler, type SchedulerScript } from './scripted-scheduler.ts';
import { Sender } from './server.ts';
import { targetsOf } from './rig.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'posthaste-sender-'));
const clock = systemClock;
let nats: NatsServer;
let stream: StreamConnection;
let publisher: Publisher;

beforeAll(async () => {
  const { binary } = await findNatsServer({ env: process.env });
  nats = await startNatsServer({ binary, dataDir, durability: 'fast' });
  stream = await connectStream({ url: nats.url, name: 'sender-test', log: silentLog, clock });
  await ensureStreams(stream);
  publisher = createPublisher(stream, { clock, log: silentLog, mode: 'fast' });
});
afterAll(async () => {
  await stream.close();
  await nats.stop();
  rmSync(dataDir, { recursive: true });
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Stage {
  readonly scheduler: ScriptedScheduler;
  readonly upstream: FakeUpstream;
  readonly sender: Sender;
}

interface SetUp {
  readonly script?: Script;
  readonly scheduling?: SchedulerScript;
  readonly options?: string;
  readonly prefetchBytes?: number;
  readonly checks?: { readonly everyMs: number; readonly timeoutMs: number };
  readonly onMail?: () => void;
}

/** Scheduler, sender and upstream, the sender's stream open. `options` stand behind the upstream's URL. */
async function setUp({
  script = {},
  scheduling = {},
  options = '',
  prefetchBytes = 1024 * 1024,
  checks = { everyMs: 0, timeoutMs: 1_000 },
  onMail = () => {},
}: SetUp = {}): Promise<Stage> {
  const upstream = await startFakeUpstream({ script, onMail });
  const scheduler = new ScriptedScheduler(scheduling);
  await scheduler.listen();
  const targets = targetsOf({ main: `${upstream.url}?${options}`, nowhere: `smtp://127.0.0.1:${await freePort()}` });
  const sender = new Sender({
    tracing: noTracing,
    stream,
    targets,
    partitions: 1,
    scheduler: { host: '127.0.0.1', port: scheduler.port },
    id: 'test',
    prefetchBytes,
    drainTimeoutMs: 2_000,
    checks,
    clock,
    log: silentLog,
  });
  const running = sender.run();
  cleanups.push(
    () => upstream.close(),
    async () => {
      scheduler.script = {};
      await sender.drain();
      await running;
      scheduler.close();
    },
  );
  await eventually(() => sender.ready);
  return { scheduler, upstream, sender };
}

let count = 0;
async function store(body: Buffer) {
  const messageId = idInPartition(randomUUID(), 0);
  const ticket = encodeTicket({ id: messageId, tenant: 'default', lane: 'normal', from: '', recipients: [], acceptedAt: 0, size: body.length });
  const { sequence } = await publisher.publish({
    stream: mailStream(0, 'normal'),
    subject: mailSubject(0, 'normal', 'default'),
    messageId,
    headers: { [ticketHeader]: ticket },
    body,
  });
  return { messageId, body: { stream: mailStream(0, 'normal'), sequence: BigInt(sequence), size: BigInt(body.length) } };
}

type Change = Partial<Omit<Attempt, 'recipients' | 'body' | '$typeName' | '$unknown'>> & {
  readonly recipients?: readonly { index: number; address: string }[];
  readonly body?: Partial<Omit<Body, '$typeName'>>;
};

async function mail(change: Change = {}, body = asciiMail(count)): Promise<Attempt> {
  const { recipients = [{ index: 0, address: 'b@example.net' }], body: place, ...rest } = change;
  const stored = await store(body);
  return create(AttemptSchema, {
    attemptId: `1.${(count += 1)}`,
    upstream: 'main',
    from: 'a@example.org',
    lane: 'normal',
    messageId: stored.messageId,
    ...rest,
    recipients: recipients.map((recipient) => create(AttemptRecipientSchema, recipient)),
    body: create(BodySchema, place ?? stored.body),
  });
}

async function storeChunked(bytes: Buffer) {
  const messageId = idInPartition(randomUUID(), 0);
  const { count: chunks, digest } = await writeChunks(publisher, 0, messageId, cut(bytes));
  return { messageId, body: { stream: mailStream(0, 'normal'), sequence: 1n, size: BigInt(bytes.length), chunks, digest } };
}

const mails = (number: number) => Promise.all(Array.from({ length: number }, () => mail()));

/** Waits for the attempt's outcome: for each group its kind, its recipients, and the reply's code. */
async function outcomeOf({ scheduler }: Stage, { attemptId }: Attempt) {
  const outcome = await eventually(() => scheduler.outcome(attemptId) ?? null, { describe: `an outcome of ${attemptId} is reported` });
  return outcome.recipients.map(({ outcome: kind, recipients, reply }) => ({ kind, recipients, code: reply?.code, enhanced: reply?.enhancedCode }));
}
const one = (kind: Outcome, code: number, enhanced = '') => [{ kind, recipients: [0], code, enhanced }];

it('delivers in the order of the batch over warm connections, announced before', async () => {
  const stage = await setUp({ options: 'connections=1' });
  const attempts = await mails(30);
  stage.scheduler.assign(...attempts.slice(0, 10));
  stage.scheduler.assign(...attempts.slice(10));
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.scheduler.begun).toEqual(attempts.map(({ attemptId }) => attemptId));
  expect(stage.upstream.mails.map(({ raw }) => raw.length)).toEqual(attempts.map(({ body }) => Number(body?.size)));
  expect(stage.upstream.counts().connections).toBe(1);
});

it('offers twice its connections as room', async () => {
  const { scheduler } = await setUp({ options: 'connections=7' });
  expect(scheduler.hellos[0]?.credits.map(({ upstream, window }) => [upstream, window])).toEqual([
    ['main', 14],
    ['nowhere', 40],
  ]);
});

it('delivers over many connections at once', async () => {
  const stage = await setUp({ options: 'connections=5', script: { rules: [{ at: 'final', delayMs: 30 }] } });
  const attempts = await mails(10);
  stage.scheduler.assign(...attempts);
  for (const attempt of attempts) await outcomeOf(stage, attempt);
  expect(stage.upstream.counts().mostOpen).toBe(5);
});

it('delivers all, however little may be read ahead', async () => {
  const stage = await setUp({ prefetchBytes: 1, options: 'connections=2' });
  const attempts = await mails(20);
  stage.scheduler.assign(...attempts);
  stage.scheduler.cancel(...attempts.slice(5, 10).map(({ attemptId }) => attemptId));
  for (const attempt of attempts) await outcomeOf(stage, attempt);
  expect(stage.upstream.mails.length).toBeGreaterThanOrEqual(15);
});

it('tells of each recipient by itself', async () => {
  const stage = await setUp({ script: { rules: [{ at: 'rcpt', recipient: 'no@*', reply: '550 5.1.1 Unknown' }] } });
  const attempt = await mail({
    recipients: [
      { index: 4, address: 'no@example.net' },
      { index: 7, address: 'b@example.net' },
      { index: 8, address: 'c@example.net' },
    ],
  });
  stage.scheduler.assign(attempt);
  expect(await outcomeOf(stage, attempt)).toEqual([
    { kind: Outcome.BOUNCED, recipients: [4], code: 550, enhanced: '5.1.1' },
    { kind: Outcome.DELIVERED, recipients: [7, 8], code: 250, enhanced: '2.0.0' },
  ]);
  expect(stage.scheduler.outcome(attempt.attemptId)?.took).toBeDefined();
});

it.each([
  ['a 451 for deferred', { at: 'final', reply: '451 4.7.1 Later' }, Outcome.DEFERRED, 451, '4.7.1'],
  ['421 to the final dot for deferred', { at: 'final', reply: '421 4.3.2 Closing' }, Outcome.DEFERRED, 421, '4.3.2'],
  ['a lost final reply for in doubt', { at: 'final', drop: true }, Outcome.IN_DOUBT, 0, ''],
  ['421 before the final dot for the upstream down', { at: 'rcpt', reply: '421 4.3.2 Closing' }, Outcome.UPSTREAM_DOWN, 421, '4.3.2'],
  ['a refusing greeting for the upstream down', { at: 'greeting', reply: '554 5.7.1 Not you' }, Outcome.UPSTREAM_DOWN, 554, '5.7.1'],
] as const)('takes %s', async (_, rule, kind, code, enhanced) => {
  const stage = await setUp({ script: { rules: [rule] } });
  const attempt = await mail();
  stage.scheduler.assign(attempt);
  expect(await outcomeOf(stage, attempt)).toEqual(one(kind, code, enhanced));
});

it('takes a connection lost in mid-body for the upstream down', async () => {
  const stage = await setUp({ script: { rules: [{ at: 'body', drop: true }] } });
  const attempt = await mail(await storeChunked(asciiMail(1, 8_000_000)));
  stage.scheduler.assign(attempt);
  expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.UPSTREAM_DOWN, 0));
});

it('gives back all that waits when the upstream refuses connections, and delivers when it is back', async () => {
  const stage = await setUp({ options: 'connections=2' });
  await stage.upstream.goDown();
  const attempts = await mails(4);
  stage.scheduler.assign(...attempts);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.UPSTREAM_DOWN, 0));
  await stage.upstream.comeBack();
  const probe = await mail();
  stage.scheduler.assign(probe);
  expect(await outcomeOf(stage, probe)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
});

it('opens a new session when the upstream has ended the warm one with 421 to MAIL', async () => {
  const stage = await setUp({
    options: 'connections=1',
    script: {
      rules: [
        { at: 'mail', times: 1 },
        { at: 'mail', times: 1, reply: '421 4.7.0 Enough for one session' },
      ],
    },
  });
  const attempts = await mails(3);
  stage.scheduler.assign(...attempts);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.upstream.counts().connections).toBe(2);
});

it('does not let one hanging upstream hold up another', async () => {
  const stage = await setUp();
  const [lost, delivered] = [await mail({ upstream: 'nowhere' }), await mail()];
  stage.scheduler.assign(lost, delivered);
  expect(await outcomeOf(stage, delivered)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(await outcomeOf(stage, lost)).toEqual(one(Outcome.UPSTREAM_DOWN, 0));
});

it('refuses what needs an extension that the upstream lacks', async () => {
  const stage = await setUp({ script: { keywords: ['PIPELINING'] } });
  const [eightBit, utf8] = [await mail({ eightBit: true }, eightBitMail(1)), await mail({ smtpUtf8: true })];
  stage.scheduler.assign(eightBit, utf8);
  expect(await outcomeOf(stage, eightBit)).toEqual(one(Outcome.UPSTREAM_LACKS_EXTENSION, 554, '5.6.3'));
  expect(await outcomeOf(stage, utf8)).toEqual(one(Outcome.UPSTREAM_LACKS_EXTENSION, 554, '5.6.7'));
  expect(stage.upstream.mails).toEqual([]);
});

it('brings a chunked body over byte for byte, and never ends one with a wrong digest', async () => {
  const stage = await setUp();
  const bytes = asciiMail(5, 2_000_000);
  const chunked = await storeChunked(bytes);
  const right = await mail(chunked);
  const wrong = await mail({ ...chunked, body: { ...chunked.body, digest: '0'.repeat(64) } });
  stage.scheduler.assign(right, wrong);
  expect(await outcomeOf(stage, right)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(await outcomeOf(stage, wrong)).toEqual(one(Outcome.BODY_LOST, 0));
  expect(stage.upstream.mails.map(({ raw }) => raw.equals(bytes))).toEqual([true]);
});

it('never sends the body of another message, nor bounces for a missing one', async () => {
  const stage = await setUp();
  const foreign = await mail({ messageId: idInPartition(randomUUID(), 0) });
  const missing = await mail({ body: { stream: mailStream(0, 'normal'), sequence: 1_000_000n, size: 1n } });
  stage.scheduler.assign(foreign, missing);
  expect(await outcomeOf(stage, foreign)).toEqual(one(Outcome.BODY_UNAVAILABLE, 0));
  expect(await outcomeOf(stage, missing)).toEqual(one(Outcome.BODY_UNAVAILABLE, 0));
  expect(stage.upstream.mails).toEqual([]);
});

it('reports again until the scheduler acknowledges, and then no more', async () => {
  const stage = await setUp({ scheduling: { acknowledges: false } });
  const [first, second] = (await mails(2)) as [Attempt, Attempt];
  const reports = ({ attemptId }: Attempt) => stage.scheduler.outcomes.get(attemptId)?.length ?? 0;
  stage.scheduler.assign(first);
  await eventually(() => reports(first) >= 2);
  stage.scheduler.assign(first);
  stage.scheduler.acknowledge(first.attemptId);
  const most = reports(first) + 1;
  stage.scheduler.assign(second);
  await eventually(() => reports(second) >= 2);
  expect(reports(first)).toBeLessThanOrEqual(most);
  expect(stage.upstream.mails.length).toBe(2);
});

it('says after a reconnect what it holds and what was not acknowledged, and goes on meanwhile', async () => {
  const stage = await setUp({
    options: 'connections=1',
    scheduling: { acknowledges: false },
    script: {
      rules: [
        { at: 'final', times: 1 },
        { at: 'final', delayMs: 500 },
      ],
    },
  });
  const [done, begun, waiting] = (await mails(3)) as [Attempt, Attempt, Attempt];
  stage.scheduler.assign(done, begun, waiting);
  await eventually(() => stage.upstream.mails.length === 2);
  stage.scheduler.close();
  await stage.scheduler.listen();
  const hello = await eventually(() => stage.scheduler.hellos[1] ?? null);
  expect(hello.senderId).toBe(stage.sender.id);
  expect(hello.outcomes.map(({ attemptId, messageId }) => [attemptId, messageId])).toEqual([[done.attemptId, done.messageId]]);
  expect(hello.held.map(({ attemptId, begun: hasBegun }) => [attemptId, hasBegun])).toEqual([
    [begun.attemptId, true],
    [waiting.attemptId, false],
  ]);
  expect(await outcomeOf(stage, waiting)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.upstream.mails.length).toBe(3);
});

it('begins nothing while it cannot announce it', async () => {
  const announced: boolean[] = [];
  const onMail = () => announced.push(stage.scheduler.begun.length > announced.length);
  const stage = await setUp({ onMail, options: 'connections=1', script: { rules: [{ at: 'final', delayMs: 50 }] } });
  const attempts = await mails(2);
  stage.scheduler.assign(...attempts);
  await eventually(() => stage.upstream.mails.length === 1);
  stage.scheduler.close();
  await stage.scheduler.listen();
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(announced).toEqual([true, true]);
});

it('hands nothing over before the scheduler has heard of the begin', async () => {
  const stage = await setUp({ options: 'connections=3', scheduling: { confirms: false } });
  const [held, confirmed, refused] = (await mails(3)) as [Attempt, Attempt, Attempt];
  stage.scheduler.assign(held, confirmed, refused);
  await eventually(() => stage.scheduler.begun.length === 3);
  stage.scheduler.confirm(confirmed.attemptId);
  stage.scheduler.cancel(refused.attemptId);
  expect(await outcomeOf(stage, confirmed)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(await outcomeOf(stage, refused)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(stage.upstream.mails.length).toBe(1);
  stage.scheduler.close();
  stage.scheduler.script = {};
  await stage.scheduler.listen();
  expect(await outcomeOf(stage, held)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.upstream.mails.length).toBe(2);
});

it('gives back what was not confirmed within its lease', async () => {
  const stage = await setUp({ scheduling: { leaseSeconds: 6, confirms: false } });
  const attempt = await mail();
  stage.scheduler.assign(attempt);
  await eventually(() => stage.scheduler.begun.length === 1);
  stage.scheduler.script = { answers: false, confirms: false };
  expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(stage.upstream.mails).toEqual([]);
});

it('sends nothing past its lease: what it holds is given back untried', async () => {
  const stage = await setUp({ options: 'connections=1', scheduling: { leaseSeconds: 6 }, script: { rules: [{ at: 'data', delayMs: 2_500 }] } });
  const attempts = await mails(2);
  stage.scheduler.script = { answers: false };
  stage.scheduler.assign(...attempts);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(stage.upstream.mails).toEqual([]);
});

it('sends nothing past the deadline', async () => {
  const stage = await setUp({ options: 'connections=2', script: { rules: [{ at: 'data', delayMs: 500 }] } });
  const [passed, passes, holds] = [
    await mail({ usefulFor: durationFromMs(-1) }),
    await mail({ usefulFor: durationFromMs(300) }),
    await mail({ usefulFor: durationFromMs(30_000) }),
  ];
  stage.scheduler.assign(passed, passes, holds);
  expect(await outcomeOf(stage, passed)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(await outcomeOf(stage, passes)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(await outcomeOf(stage, holds)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.upstream.mails.length).toBe(1);
});

it('gives back what has passed its deadline while it waited for a connection', async () => {
  const stage = await setUp({ options: 'connections=1', script: { rules: [{ at: 'final', times: 1, delayMs: 1_500 }] } });
  const [first, waiting] = [await mail(), await mail({ usefulFor: durationFromMs(200) })];
  stage.scheduler.assign(first, waiting);
  expect(await outcomeOf(stage, waiting)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(stage.scheduler.begun).toEqual([first.attemptId]);
  expect(await outcomeOf(stage, first)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
});

it('counts the time that a batch was under way', async () => {
  const stage = await setUp();
  const [late, lasting] = [await mail({ usefulFor: durationFromMs(30_000) }), await mail({ usefulFor: durationFromMs(3_600_000) })];
  stage.scheduler.assignLate(60_000, late, lasting);
  expect(await outcomeOf(stage, late)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(await outcomeOf(stage, lasting)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
});

it('gives back what is cancelled before it has begun', async () => {
  const stage = await setUp({ options: 'connections=1', script: { rules: [{ at: 'final', times: 1, delayMs: 200 }] } });
  const [begun, waiting] = (await mails(2)) as [Attempt, Attempt];
  stage.scheduler.assign(begun, waiting);
  await eventually(() => stage.scheduler.begun.includes(begun.attemptId));
  stage.scheduler.cancel(begun.attemptId, waiting.attemptId);
  expect(await outcomeOf(stage, waiting)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(await outcomeOf(stage, begun)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
});

it('drains: takes its room away, gives back what waits, finishes what has begun', async () => {
  const stage = await setUp({ options: 'connections=1', script: { rules: [{ at: 'final', delayMs: 200 }] } });
  const [begun, waiting] = (await mails(2)) as [Attempt, Attempt];
  stage.scheduler.assign(begun, waiting);
  await eventually(() => stage.scheduler.begun.includes(begun.attemptId));
  await stage.sender.drain();
  expect(stage.scheduler.credits.map(({ upstream, window }) => [upstream, window])).toEqual([
    ['main', 0],
    ['nowhere', 0],
  ]);
  expect(await outcomeOf(stage, waiting)).toEqual(one(Outcome.DRAINING, 0));
  expect(await outcomeOf(stage, begun)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  await eventually(() => stage.upstream.counts().open === 0);
});

it('gives back at the end of its drain what nobody has confirmed', async () => {
  const stage = await setUp({ scheduling: { confirms: false } });
  const attempt = await mail();
  stage.scheduler.assign(attempt);
  await eventually(() => stage.scheduler.begun.length === 1);
  await stage.sender.drain();
  expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(stage.upstream.mails).toEqual([]);
});

it('cuts off what takes longer than the drain may, and says how far it was', async () => {
  const stage = await setUp({
    script: {
      rules: [
        { at: 'data', sender: 'slow@*', delayMs: 60_000 },
        { at: 'final', delayMs: 60_000 },
      ],
    },
  });
  const [early, late] = [await mail({ from: 'slow@example.org' }), await mail()];
  stage.scheduler.assign(early, late);
  await eventually(() => stage.upstream.mails.length === 1);
  await stage.sender.drain();
  expect(await outcomeOf(stage, early)).toEqual(one(Outcome.DRAINING, 0));
  expect(await outcomeOf(stage, late)).toEqual(one(Outcome.IN_DOUBT, 0));
});

async function* cut(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}

it('says when it wrote MAIL FROM of attempts that a limit counts, and of no others', async () => {
  const stage = await setUp({ options: 'connections=2', script: { rules: [{ at: 'mail', delayMs: 300 }] } });
  const [limited, free] = [await mail({ limited: true }), await mail()];
  stage.scheduler.assign(limited, free);
  await eventually(() => stage.scheduler.written.length === 1);
  expect(stage.scheduler.outcome(limited.attemptId)).toBeUndefined();
  expect(stage.scheduler.written).toMatchObject([{ attemptId: limited.attemptId, ageMs: expect.toSatisfy((age: number) => age < 300) }]);
  for (const attempt of [limited, free]) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.scheduler.written.length).toBe(1);
});

it('tells on the next stream what it wrote while there was none, as old as it is by then', async () => {
  const stage = await setUp({ script: { rules: [{ at: 'rcpt', delayMs: 400 }] } });
  const attempt = await mail({ limited: true });
  stage.scheduler.assign(attempt);
  await eventually(() => stage.scheduler.begun.length === 1);
  stage.scheduler.close();
  await eventually(() => !stage.sender.ready);
  const heardBefore = stage.scheduler.written.length;
  await stage.scheduler.listen();
  await eventually(() => stage.sender.ready);
  if (heardBefore === 0) await eventually(() => stage.scheduler.written.length === 1);
  expect(stage.scheduler.written.map(({ attemptId }) => attemptId)).toEqual([attempt.attemptId]);
});

const creditsOf = ({ scheduler }: Stage) =>
  scheduler.credits
    .filter(({ upstream }) => upstream === 'main')
    .map(({ window, connections, allotment }) => [window, connections, Number(allotment)]);

it('opens no connection to an upstream with a maximum before the scheduler allots some', async () => {
  const stage = await setUp({ options: 'connections=4&maxConnections=10', script: { rules: [{ at: 'final', delayMs: 300 }] } });
  expect(stage.scheduler.hellos[0]?.credits[0]).toMatchObject({ window: 0, connections: 0 });
  const attempts = await mails(6);
  stage.scheduler.assign(...attempts);
  await eventually(() => stage.scheduler.hellos.length === 1);
  expect(stage.upstream.counts().connections).toBe(0);
  stage.scheduler.allot('main', 2, 1);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.upstream.counts().mostOpen).toBe(2);
  expect(creditsOf(stage)).toContainEqual([4, 2, 1]);
});

it('closes what is too much after a smaller allotment, and says what is in force as it goes', async () => {
  const stage = await setUp({ options: 'connections=4&maxConnections=10', script: { rules: [{ at: 'final', delayMs: 400 }] } });
  stage.scheduler.allot('main', 3, 1);
  const attempts = await mails(3);
  stage.scheduler.assign(...attempts);
  await eventually(() => stage.upstream.counts().open === 3 && stage.scheduler.begun.length === 3);
  stage.scheduler.allot('main', 1, 2);
  await eventually(() => creditsOf(stage).some(([, , number]) => number === 2));
  // Busy connections are not cut off: three are in force until their mail is through.
  expect(creditsOf(stage).find(([, , number]) => number === 2)).toEqual([2, 3, 2]);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  await eventually(() => creditsOf(stage).at(-1)?.[1] === 1);
  expect(creditsOf(stage).at(-1)).toEqual([2, 1, 2]);
  expect(stage.upstream.counts().open).toBe(1);
});

it('gives back its allotment with its lease: closes its connections, and returns untried what waits for one', async () => {
  const script: Script = { rules: [{ at: 'data', delayMs: 3_000 }] };
  const stage = await setUp({ options: 'connections=1&maxConnections=10', scheduling: { leaseSeconds: 6 }, script });
  stage.scheduler.allot('main', 1, 1);
  const attempts = await mails(2);
  stage.scheduler.script = { answers: false };
  stage.scheduler.assign(...attempts);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.TOO_LATE, 0));
  await eventually(() => stage.upstream.counts().open === 0);
  expect(stage.upstream.mails).toEqual([]);
});

it('looks after an upstream that no mail goes by, and tells what it found', async () => {
  const stage = await setUp({ checks: { everyMs: 1_000, timeoutMs: 500 } });
  const found = (upstream: string) => stage.scheduler.checks.filter((check) => check.upstream === upstream);
  await eventually(() => found('main').length >= 2 && found('nowhere').length >= 2);
  expect(found('main').every(({ usable, reply }) => usable && !reply)).toBe(true);
  // The first opened it, the next ones ask NOOP on it.
  expect(stage.upstream.counts().connections).toBe(1);
  expect(found('nowhere')[0]).toMatchObject({ usable: false, reply: { code: 0, text: expect.stringContaining('check host and port') } });
  await stage.upstream.goDown();
  const before = found('main').length;
  await eventually(() => found('main').length >= before + 3);
  expect(found('main').at(-1)).toMatchObject({ usable: false });
  await stage.upstream.comeBack();
  await eventually(() => found('main').at(-1)?.usable);
});

it('finds out that an upstream has fallen silent under its mail, and gives back what waits behind it', async () => {
  const script: Script = { rules: [{ at: 'final', delayMs: 60_000 }] };
  const stage = await setUp({ options: 'connections=1', checks: { everyMs: 1_000, timeoutMs: 300 }, script });
  const [stuck, waiting] = (await mails(2)) as [Attempt, Attempt];
  stage.scheduler.assign(stuck, waiting);
  await eventually(() => stage.upstream.mails.length === 1);
  // Slow with its mail is not silent: it still greets whoever comes.
  await eventually(() => stage.scheduler.checks.some(({ upstream, usable }) => upstream === 'main' && usable));
  expect(stage.scheduler.outcome(waiting.attemptId)).toBeUndefined();
  stage.upstream.setScript({ rules: [{ at: 'greeting', delayMs: 60_000 }] });
  expect(await outcomeOf(stage, waiting)).toEqual(one(Outcome.UPSTREAM_DOWN, 0));
  expect(stage.scheduler.checks.at(-1)).toMatchObject({ upstream: 'main', usable: false });
  expect(stage.scheduler.outcome(stuck.attemptId)).toBeUndefined();
});

it('replaces a connection after as many mails as the upstream takes on one', async () => {
  const stage = await setUp({ options: 'connections=4&maxConnections=1&messagesPerConnection=2' });
  stage.scheduler.allot('main', 1, 1);
  const attempts = await mails(5);
  stage.scheduler.assign(...attempts);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.upstream.counts()).toMatchObject({ connections: 3, mostOpen: 1 });
});
