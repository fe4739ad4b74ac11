import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { encodeTicket, idInPartition } from '@posthaste/core';
import { type Attempt, AttemptSchema, Outcome } from '@posthaste/protocol/dispatch';
import {
  connectStream,
  createLease,
  createPublisher,
  ensureStreams,
  mailStream,
  mailSubject,
  type StreamConnection,
  ticketHeader,
} from '@posthaste/stream';
import { findNatsServer, type NatsServer, startNatsServer } from '@posthaste/stream/server';
import { noTracing, silentLog, systemClock as clock } from '@posthaste/telemetry';
import { asciiMail, eventually, type FakeUpstream, type Script, startFakeUpstream } from '@posthaste/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ScriptedScheduler } from './scripted-scheduler.ts';
import { Sender } from './server.ts';
import { targetsOf } from './rig.ts';

let dataDir: string;
let nats: NatsServer;
let stream: StreamConnection;
let upstream: FakeUpstream;
let cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'posthaste-sender-'));
  const { binary } = await findNatsServer({ env: process.env });
  nats = await startNatsServer({ binary, dataDir, durability: 'fast' });
  stream = await connectStream({ url: nats.url, name: 'sender-test', log: silentLog, clock });
  await ensureStreams(stream, { partitions: 2 });
  cleanups = [];
});

afterEach(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
  await upstream.close();
  await stream.close();
  await nats.stop();
  rmSync(dataDir, { recursive: true });
});

/** A scheduler that owns a partition; returns it, and how to give the partition up. */
async function own(partition: number) {
  const scheduler = new ScriptedScheduler();
  await scheduler.listen();
  const lease = createLease(stream, {
    partition,
    partitions: 1,
    owner: randomUUID(),
    address: () => `127.0.0.1:${scheduler.port}`,
    ttlMs: 60_000,
    clock,
    log: silentLog,
  });
  expect(await lease.tryAcquire()).toBe(true);
  const leave = async () => {
    await lease.release();
    scheduler.close();
  };
  cleanups.push(leave);
  return { scheduler, leave };
}

/** `said` of its upstream stands behind the URL. */
async function startSender(said: string, script: Script = {}): Promise<Sender> {
  upstream = await startFakeUpstream({ script });
  const targets = targetsOf({ main: `${upstream.url}?${said}` });
  const options = {
    tracing: noTracing,
    checks: { everyMs: 0, timeoutMs: 1_000 },
    stream,
    targets,
    id: 'test',
    prefetchBytes: 1024 * 1024,
    drainTimeoutMs: 2_000,
    clock,
    log: silentLog,
  };
  const sender = new Sender({ ...options, partitions: 2 });
  const running = sender.run();
  cleanups.push(async () => {
    await sender.drain();
    await running;
  });
  return sender;
}

async function attempt(attemptId: string, partition: number): Promise<Attempt> {
  const publisher = createPublisher(stream, { clock, log: silentLog, mode: 'fast' });
  const messageId = idInPartition(randomUUID(), partition);
  const body = asciiMail(1);
  const ticket = encodeTicket({ id: messageId, tenant: 'default', lane: 'normal', from: '', recipients: [], acceptedAt: 0, size: body.length });
  const entry = {
    stream: mailStream(partition, 'normal'),
    subject: mailSubject(partition, 'normal', 'default'),
    headers: { [ticketHeader]: ticket },
  };
  const { sequence } = await publisher.publish({ ...entry, messageId, body });
  await publisher.close();
  return create(AttemptSchema, {
    attemptId,
    messageId,
    upstream: 'main',
    from: 'a@example.org',
    recipients: [{ index: 0, address: `${partition}@example.net` }],
    body: { stream: entry.stream, sequence: BigInt(sequence), size: BigInt(body.length) },
  });
}

const kindOf = (scheduler: ScriptedScheduler, attemptId: string) => scheduler.outcome(attemptId)?.recipients[0]?.outcome;

it('finds the owner of each partition by its lease, and keeps their attempts apart though they have the same ids', async () => {
  const owners = [await own(0), await own(1)];
  await startSender('connections=5');
  await eventually(() => owners.every(({ scheduler }) => scheduler.hellos.length === 1));
  expect(owners.map(({ scheduler }) => scheduler.hellos[0]?.partition)).toEqual([0, 1]);
  for (const [partition, { scheduler }] of owners.entries()) scheduler.assign(await attempt('1.1', partition));
  await eventually(() => owners.every(({ scheduler }) => kindOf(scheduler, '1.1') === Outcome.DELIVERED));
  expect(new Set(upstream.mails.map(({ to }) => to[0]?.address))).toEqual(new Set(['0@example.net', '1@example.net']));
});

it('goes over to the next owner, and tells it what became of what the last one gave', async () => {
  const first = await own(0);
  await startSender('connections=1');
  first.scheduler.script = { acknowledges: false };
  await eventually(() => first.scheduler.hellos.length === 1);
  first.scheduler.assign(await attempt('1.1', 0));
  await eventually(() => kindOf(first.scheduler, '1.1') === Outcome.DELIVERED);
  await first.leave();
  const second = await own(0);
  await eventually(() => second.scheduler.hellos.length === 1);
  expect(second.scheduler.hellos[0]?.outcomes.map(({ attemptId }) => attemptId)).toEqual(['1.1']);
  expect(upstream.mails).toHaveLength(1);
});

it('offers each its part of the room, and all of it to the one that has more mail', async () => {
  const owners = [await own(0), await own(1)];
  await startSender('connections=2');
  await eventually(() => owners.every(({ scheduler }) => scheduler.hellos.length === 1));
  expect(owners.map(({ scheduler }) => scheduler.hellos[0]?.credits.map(({ window }) => window))).toEqual([[2], [2]]);
  const [, busy] = owners;
  busy?.scheduler.assign(await attempt('1.1', 1), await attempt('1.2', 1));
  await eventually(() => busy?.scheduler.credits.some(({ window }) => window === 4));
  await eventually(() => busy?.scheduler.credits.at(-1)?.window === 2);
});

it("gives back untried what another partition's mail waits for, when the lease ends that allotted all connections", async () => {
  const [generous, other] = [await own(0), await own(1)];
  generous.scheduler.script = { leaseSeconds: 6 };
  await startSender('connections=1&maxConnections=10', { rules: [{ at: 'data', delayMs: 30_000 }] });
  await eventually(() => [generous, other].every(({ scheduler }) => scheduler.hellos.length === 1));
  generous.scheduler.allot('main', 1, 1);
  await eventually(() => other.scheduler.credits.some(({ window }) => window > 0));
  generous.scheduler.assign(await attempt('1.1', 0));
  await eventually(() => generous.scheduler.begun.length === 1);
  other.scheduler.assign(await attempt('1.1', 1));
  generous.scheduler.close();
  await eventually(() => kindOf(other.scheduler, '1.1') === Outcome.DRAINING, { timeoutMs: 20_000 });
  await eventually(() => other.scheduler.credits.at(-1)?.window === 0);
});
