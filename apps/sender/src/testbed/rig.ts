import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { encodeTicket, idInPartition } from '@posthaste/core';
import { type Attempt, AttemptRecipientSchema, AttemptSchema, type Body, BodySchema, type Outcome } from '@posthaste/protocol/dispatch';
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
import { asciiMail, eventually, type FakeUpstream, freePort, type Script, startFakeUpstream } from '@posthaste/testkit';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { ScriptedScheduler, type SchedulerScript } from '../scripted-scheduler.ts';
import { Sender } from '../server.ts';
import { targetsOf } from '../rig.ts';

/** For tests: a sender between a scripted scheduler and a fake upstream, on a nats-server of its own that whoever imports this starts and ends. */

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

export interface Stage {
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
export async function setUp({
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

export async function mail(change: Change = {}, body = asciiMail(count)): Promise<Attempt> {
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

export async function storeChunked(bytes: Buffer) {
  const messageId = idInPartition(randomUUID(), 0);
  const { count: chunks, digest } = await writeChunks(publisher, 0, messageId, cut(bytes));
  return { messageId, body: { stream: mailStream(0, 'normal'), sequence: 1n, size: BigInt(bytes.length), chunks, digest } };
}

export const mails = (number: number) => Promise.all(Array.from({ length: number }, () => mail()));

/** Waits for the attempt's outcome: for each group its kind, its recipients, and the reply's code. */
export async function outcomeOf({ scheduler }: Stage, { attemptId }: Attempt) {
  const outcome = await eventually(() => scheduler.outcome(attemptId) ?? null, { describe: `an outcome of ${attemptId} is reported` });
  return outcome.recipients.map(({ outcome: kind, recipients, reply }) => ({ kind, recipients, code: reply?.code, enhanced: reply?.enhancedCode }));
}
export const one = (kind: Outcome, code: number, enhanced = '') => [{ kind, recipients: [0], code, enhanced }];

async function* cut(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}
