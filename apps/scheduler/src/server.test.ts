import { randomUUIDv7 } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type DescMessage, type DescMethodUnary, type MessageShape } from '@bufbuild/protobuf';
import { Client, credentials, ServerCredentials, status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { type CalendarEntry, defaultPolicy, encodeTicket, idInPartition } from '@posthaste/core';
import { grpcMethod, Lane, Reason, RecipientState } from '@posthaste/protocol';
import {
  DispatchRequestSchema,
  DispatchService,
  LookupExplanationRequestSchema,
  LookupMessageRequestSchema,
  LookupStatsRequestSchema,
  LookupService,
  Outcome,
  type Attempt,
  type DispatchRequest,
  type DispatchResponse,
} from '@posthaste/protocol/dispatch';
import {
  connectStream,
  createPublisher,
  currentOwner,
  deadStream,
  ensureStreams,
  mailStream,
  mailSubject,
  streamState,
  ticketHeader,
  waitStream,
  waitSubject,
  type StreamConnection,
} from '@posthaste/stream';
import { findNatsServer, startNatsServer, type NatsServer } from '@posthaste/stream/server';
import { metricsRegistry, silentLog, silentMailLog, systemClock } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScheduler } from './server.ts';

const clock = systemClock;
const log = silentLog;
let dataDir: string;
let nats: NatsServer;
let connection: StreamConnection;
let cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'posthaste-scheduler-'));
  const { binary } = await findNatsServer({ env: process.env });
  nats = await startNatsServer({ binary, dataDir, durability: 'fast' });
  connection = await connectStream({ url: nats.url, name: 'test', log, clock });
  await ensureStreams(connection, { storageBytes: 256 * 1024 * 1024 });
  cleanups = [];
});

afterEach(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
  await connection.close();
  await nats.stop();
  rmSync(dataDir, { recursive: true });
});

interface Arrangement {
  readonly partitions?: number;
  readonly ownable?: readonly number[];
  readonly calendar?: readonly CalendarEntry[];
}

async function startScheduler(retryDelaysMs: readonly number[] = [60_000], { partitions = 1, ownable, calendar = [] }: Arrangement = {}) {
  let port = 0;
  const scheduler = createScheduler({
    connection,
    partitions,
    ownable,
    address: () => `127.0.0.1:${port}`,
    leaseTtlMs: 2_000,
    durability: 'fast',
    upstreams: ['main'],
    routes: [],
    policy: { ...defaultPolicy, retry: { ...defaultPolicy.retry, default: { kind: 'fixed', delaysMs: retryDelaysMs } } },
    fleet: { laneTargetsMs: defaultPolicy.laneTargetsMs, bulkWithinMs: 3_600_000, calendar, lookAheadMs: 0 },
    checkpointEveryMs: 1_000,
    checkpointEvents: 1_000,
    historyMs: 3_600_000,
    clock,
    log,
    mailLog: silentMailLog,
  });
  port = await new Promise<number>((resolve, reject) => {
    scheduler.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const stop = new AbortController();
  const running = scheduler.run(stop.signal);
  const close = async () => {
    stop.abort();
    await running;
    scheduler.server.forceShutdown();
  };
  cleanups.push(close);
  return { scheduler, port, close };
}

async function submit(text = 'hello', partition = 0): Promise<string> {
  const publisher = createPublisher(connection, { clock, log, mode: 'fast' });
  const id = idInPartition(randomUUIDv7(), partition);
  const body = Buffer.from(text);
  const ticket = {
    id,
    tenant: 'default',
    lane: 'normal',
    from: 'a@example.org',
    recipients: [{ address: 'b@example.net' }],
    acceptedAt: Date.now(),
    size: body.length,
  } as const;
  const headers = { [ticketHeader]: encodeTicket(ticket) };
  await publisher.publish({
    stream: mailStream(partition, 'normal'),
    subject: mailSubject(partition, 'normal', 'default'),
    messageId: id,
    headers,
    body,
  });
  await publisher.close();
  return id;
}

/** A sender that does what the test says. */
function connectSender(port: number, senderId: string, partition = 0) {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = grpcMethod(DispatchService.method.dispatch);
  const stream: ClientDuplexStream<DispatchRequest, DispatchResponse> = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const attempts: Attempt[] = [];
  const acknowledged: string[] = [];
  const confirmed: string[] = [];
  const cancelled: string[] = [];
  let ended: ServiceError | undefined;
  stream.on('error', (error: ServiceError) => (ended = error));
  stream.on('data', ({ said }: DispatchResponse) => {
    if (said.case === 'batch') attempts.push(...said.value.attempts);
    if (said.case === 'acknowledgement') {
      acknowledged.push(...said.value.attemptIds);
      confirmed.push(...said.value.begunAttemptIds);
    }
    if (said.case === 'cancel') cancelled.push(...said.value.attemptIds);
  });
  const say = (said: NonNullable<Parameters<typeof create<typeof DispatchRequestSchema>>[1]>['said']) =>
    stream.write(create(DispatchRequestSchema, said ? { said } : {}));
  say({ case: 'hello', value: { senderId, partition, credits: [{ upstream: 'main', window: 10 }] } });
  cleanups.push(() => {
    stream.cancel();
    client.close();
  });
  return {
    attempts,
    acknowledged,
    confirmed,
    cancelled,
    say,
    ended: () => ended,
    report: (attempt: Attempt, outcome: Outcome, code: number) =>
      say({
        case: 'report',
        value: {
          outcomes: [
            {
              attemptId: attempt.attemptId,
              messageId: attempt.messageId,
              recipients: [{ recipients: [0], outcome, reply: { code, text: 'so it is' } }],
            },
          ],
        },
      }),
  };
}

const lookUp = (port: number, id: string) => ask(port, LookupService.method.lookupMessage, create(LookupMessageRequestSchema, { id }));
const lookUpStats = (port: number) => ask(port, LookupService.method.lookupStats, create(LookupStatsRequestSchema));
const explain = (port: number, id: string) => ask(port, LookupService.method.lookupExplanation, create(LookupExplanationRequestSchema, { id }));

function ask<I extends DescMessage, O extends DescMessage>(
  port: number,
  method: DescMethodUnary<I, O>,
  request: MessageShape<I>,
): Promise<MessageShape<O>> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = grpcMethod(method);
  return new Promise<MessageShape<O>>((resolve, reject) => {
    client.makeUnaryRequest<MessageShape<I>, MessageShape<O>>(path, requestSerialize, responseDeserialize, request, (error, response) =>
      error || !response ? reject(error ?? new Error('no response')) : resolve(response),
    );
  }).finally(() => client.close());
}

describe('the scheduler', () => {
  it('dispatches what arrives, acknowledges the outcome and trims the log', async () => {
    const { scheduler, port } = await startScheduler();
    await eventually(() => scheduler.owned.length === 1);
    const sender = connectSender(port, 'one');
    const id = await submit();
    await eventually(() => sender.attempts.length === 1);
    const [attempt] = sender.attempts;
    expect(attempt).toMatchObject({ messageId: id, upstream: 'main', from: 'a@example.org', recipients: [{ address: 'b@example.net' }] });
    sender.report(attempt as Attempt, Outcome.DELIVERED, 250);
    await eventually(() => expect(sender.acknowledged).toEqual([attempt?.attemptId]));
    await eventually(async () => (await streamState(connection, mailStream(0, 'normal'))).messages === 0);
  });

  it('confirms what has begun, and cancels what is not with that sender', async () => {
    const { scheduler, port } = await startScheduler();
    await eventually(() => scheduler.owned.length === 1);
    const sender = connectSender(port, 'one');
    await submit();
    await eventually(() => sender.attempts.length === 1);
    const attemptId = sender.attempts[0]?.attemptId ?? '';
    const stranger = connectSender(port, 'two');
    stranger.say({ case: 'begun', value: { attemptIds: [attemptId] } });
    await eventually(() => expect(stranger.cancelled).toEqual([attemptId]));
    sender.say({ case: 'begun', value: { attemptIds: [attemptId, '0.0'] } });
    await eventually(() => expect([sender.confirmed, sender.cancelled]).toEqual([[attemptId], ['0.0']]));
    sender.say({ case: 'hello', value: { senderId: 'one', held: [{ attemptId, begun: true }] } });
    await eventually(() => expect(sender.confirmed).toEqual([attemptId, attemptId]));
    expect(stranger.confirmed).toEqual([]);
  });

  it('answers where a mail is, and why', async () => {
    const { scheduler, port } = await startScheduler();
    await eventually(() => scheduler.owned.length === 1);
    const id = await submit();
    expect((await lookUp(port, id)).recipients).toMatchObject([{ state: 'queued', reason: '', attempts: 0 }]);
    expect(await explain(port, id)).toMatchObject({
      recipients: [
        {
          address: 'b@example.net',
          state: RecipientState.QUEUED,
          upstreams: ['main'],
          gates: [{ reason: Reason.NO_SENDER }, { reason: Reason.QUEUED_BEHIND, detail: { value: { lane: Lane.NORMAL, aheadCount: 0n } } }],
        },
      ],
    });
    const sender = connectSender(port, 'one');
    await eventually(() => sender.attempts.length === 1);
    sender.report(sender.attempts[0] as Attempt, Outcome.DEFERRED, 451);
    await eventually(async () =>
      expect((await lookUp(port, id)).recipients).toMatchObject([
        { state: 'queued', reason: 'UPSTREAM_DEFERRED', attempts: 1, lastReply: { code: 451 } },
      ]),
    );
    expect((await explain(port, id)).recipients[0]).toMatchObject({
      gates: [{ reason: Reason.UPSTREAM_DEFERRED, detail: { case: 'backoff', value: { attemptCount: 1, lastReply: { code: 451 } } } }],
      estimatedAt: {},
    });
    await expect(lookUp(port, idInPartition(randomUUIDv7(), 0))).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('tells how many senders are needed, to who asks and as a metric, and is silent about it when it owns nothing', async () => {
    const always = { days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 0, toMinute: 1_440, timeZone: 'UTC', multiplier: 3, freeze: true };
    const { scheduler, port, close } = await startScheduler([60_000], { calendar: [always] });
    await eventually(() => scheduler.owned.length === 1);
    await eventually(async () => (await metricsRegistry.metrics()).includes('posthaste_needed_senders{partition="0"} 3'));
    expect((await lookUpStats(port)).fleet).toMatchObject({ neededSenders: 3, wantedSenders: 1, lateCount: 0n, multiplier: 3, frozen: true });
    await close();
    expect(await metricsRegistry.metrics()).not.toContain('posthaste_needed_senders{');
  });

  it('keeps a dead letter after the last retry', async () => {
    const { scheduler, port } = await startScheduler([1]);
    await eventually(() => scheduler.owned.length === 1);
    const sender = connectSender(port, 'one');
    await submit();
    for (const tries of [1, 2]) {
      await eventually(() => sender.attempts.length === tries);
      sender.report(sender.attempts[tries - 1] as Attempt, Outcome.DEFERRED, 451);
    }
    await eventually(async () => (await streamState(connection, deadStream(0))).messages === 1);
    await eventually(async () => (await streamState(connection, mailStream(0, 'normal'))).messages === 0);
  });

  it('is followed by a standby that knows what was being sent, and to whom', async () => {
    const first = await startScheduler();
    await eventually(() => first.scheduler.owned.length === 1);
    const sender = connectSender(first.port, 'one');
    const id = await submit();
    await eventually(() => sender.attempts.length === 1);
    const second = await startScheduler();
    await first.close();
    await eventually(() => second.scheduler.owned.length === 1);
    expect((await lookUp(second.port, id)).recipients).toMatchObject([{ state: 'sending' }]);
    const again = connectSender(second.port, 'one');
    again.report(sender.attempts[0] as Attempt, Outcome.DELIVERED, 250);
    await eventually(() => expect(again.acknowledged).toEqual([sender.attempts[0]?.attemptId]));
    expect(sender.attempts).toHaveLength(1);
  });

  it('passes over an entry without a readable ticket, also when it starts anew', async () => {
    const publisher = createPublisher(connection, { clock, log, mode: 'fast' });
    const broken = { messageId: randomUUIDv7(), headers: { [ticketHeader]: '{broken' }, body: Buffer.from('x') };
    const first = await startScheduler();
    await eventually(() => first.scheduler.owned.length === 1);
    await publisher.publish({ ...broken, stream: waitStream(0), subject: waitSubject(0, broken.messageId) });
    await publisher.publish({ ...broken, messageId: randomUUIDv7(), stream: mailStream(0, 'normal'), subject: mailSubject(0, 'normal', 'default') });
    await publisher.close();
    const id = await submit();
    expect((await lookUp(first.port, id)).recipients).toMatchObject([{ state: 'queued' }]);
    await first.close();
    const second = await startScheduler();
    await eventually(() => second.scheduler.owned.length === 1);
    expect((await lookUp(second.port, id)).recipients).toMatchObject([{ state: 'queued' }]);
  });

  it('turns senders and questions away while it does not own the partition', async () => {
    const first = await startScheduler();
    await eventually(() => first.scheduler.owned.length === 1);
    const second = await startScheduler();
    const sender = connectSender(second.port, 'one');
    await eventually(() => expect(sender.ended()?.code).toBe(status.UNAVAILABLE));
    await expect(lookUp(second.port, idInPartition(randomUUIDv7(), 0))).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });
});

describe('several schedulers', () => {
  beforeEach(() => ensureStreams(connection, { partitions: 3, storageBytes: 256 * 1024 * 1024 }));

  const all = { partitions: 3 };
  const ownersOf = async () => (await Promise.all([0, 1, 2].map((partition) => currentOwner(connection, partition)))).map((owner) => owner?.address);

  it('share the partitions, and take over those of one that leaves or dies', async () => {
    const first = await startScheduler([60_000], all);
    await eventually(() => first.scheduler.owned.length === 3);
    const second = await startScheduler([60_000], all);
    await eventually(() => second.scheduler.owned.length === 1 && first.scheduler.owned.length === 2);
    const third = await startScheduler([60_000], all);
    await eventually(() => [first, second, third].every(({ scheduler }) => scheduler.owned.length === 1 && scheduler.ready));
    expect(new Set(await ownersOf())).toEqual(new Set([first, second, third].map(({ port }) => `127.0.0.1:${port}`)));
    await second.close();
    await eventually(() => first.scheduler.owned.length + third.scheduler.owned.length === 3);
    await first.close();
    await eventually(() => third.scheduler.owned.length === 3);
  });

  it('decide each for its own mail: a sender has a stream to each partition, and a question goes to its owner', async () => {
    const even = await startScheduler([60_000], { ...all, ownable: [0, 2] });
    const odd = await startScheduler([60_000], { ...all, ownable: [1] });
    await eventually(() => even.scheduler.ready && odd.scheduler.ready);
    expect([even.scheduler.owned, odd.scheduler.owned]).toEqual([[0, 2], [1]]);
    const senders = [connectSender(even.port, 'one', 0), connectSender(odd.port, 'one', 1), connectSender(even.port, 'one', 2)];
    const ids = await Promise.all([0, 1, 2].map((partition) => submit('hello', partition)));
    await eventually(() => senders.every(({ attempts }) => attempts.length === 1));
    expect(senders.map(({ attempts }) => attempts[0]?.messageId)).toEqual(ids);
    expect((await lookUp(odd.port, ids[1] ?? '')).recipients).toMatchObject([{ state: 'sending' }]);
    await expect(lookUp(even.port, ids[1] ?? '')).rejects.toMatchObject({ code: status.UNAVAILABLE });
    const stranger = connectSender(even.port, 'one', 1);
    await eventually(() =>
      expect(stranger.ended()).toMatchObject({ code: status.UNAVAILABLE, details: 'this scheduler does not own partition 1 now' }),
    );
    const shown = await metricsRegistry.metrics();
    for (const partition of [0, 1, 2]) expect(shown).toContain(`posthaste_scheduler_owner{partition="${partition}"} 1`);
  });
});
