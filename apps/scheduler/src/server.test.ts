import { randomUUIDv7 } from 'node:crypto';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { defaultPolicy, idInPartition } from '@posthaste/core';
import { Lane, Reason, RecipientState, UpstreamState } from '@posthaste/protocol';
import { LookupService, Outcome, type Attempt } from '@posthaste/protocol/dispatch';
import {
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
} from '@posthaste/stream';
import { metricsRegistry, silentLog, systemClock } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { schedulerRig } from './rig.ts';

const rig = schedulerRig();

const lookUpStats = (port: number) => rig.ask(port, LookupService.method.lookupStats, {});
const explain = (port: number, id: string) => rig.ask(port, LookupService.method.lookupExplanation, { id });

describe('the scheduler', () => {
  it('dispatches what arrives, acknowledges the outcome and trims the log', async () => {
    const { scheduler, port } = await rig.start();
    await eventually(() => scheduler.owned.length === 1);
    const sender = rig.connectSender(port, 'one');
    const id = await rig.submit();
    await eventually(() => sender.attempts.length === 1);
    const [attempt] = sender.attempts;
    expect(attempt).toMatchObject({ messageId: id, upstream: 'main', from: 'a@example.org', recipients: [{ address: 'b@example.net' }] });
    sender.report(attempt as Attempt, Outcome.DELIVERED, 250);
    await eventually(() => expect(sender.acknowledged).toEqual([attempt?.attemptId]));
    await eventually(async () => (await streamState(rig.connection, mailStream(0, 'normal'))).messages === 0);
    await expect(explain(port, id)).rejects.toMatchObject({ code: status.NOT_FOUND, details: expect.stringContaining('come to its end') });
  });

  it('confirms what has begun, and cancels what is not with that sender', async () => {
    const { scheduler, port } = await rig.start();
    await eventually(() => scheduler.owned.length === 1);
    const sender = rig.connectSender(port, 'one');
    await rig.submit();
    await eventually(() => sender.attempts.length === 1);
    const attemptId = sender.attempts[0]?.attemptId ?? '';
    const stranger = rig.connectSender(port, 'two');
    stranger.say({ case: 'begun', value: { attemptIds: [attemptId] } });
    await eventually(() => expect(stranger.cancelled).toEqual([attemptId]));
    sender.say({ case: 'begun', value: { attemptIds: [attemptId, '0.0'] } });
    await eventually(() => expect([sender.confirmed, sender.cancelled]).toEqual([[attemptId], ['0.0']]));
    sender.say({ case: 'hello', value: { senderId: 'one', held: [{ attemptId, begun: true }] } });
    await eventually(() => expect(sender.confirmed).toEqual([attemptId, attemptId]));
    expect(stranger.confirmed).toEqual([]);
  });

  it('answers where a mail is, and why', async () => {
    const { scheduler, port } = await rig.start();
    await eventually(() => scheduler.owned.length === 1);
    const id = await rig.submit();
    expect((await rig.lookUp(port, id)).recipients).toMatchObject([{ state: 'queued', reason: '', attempts: 0 }]);
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
    const sender = rig.connectSender(port, 'one');
    await eventually(() => sender.attempts.length === 1);
    sender.report(sender.attempts[0] as Attempt, Outcome.DEFERRED, 451);
    await eventually(async () =>
      expect((await rig.lookUp(port, id)).recipients).toMatchObject([
        { state: 'queued', reason: 'UPSTREAM_DEFERRED', attempts: 1, lastReply: { code: 451 } },
      ]),
    );
    expect((await explain(port, id)).recipients[0]).toMatchObject({
      gates: [{ reason: Reason.UPSTREAM_DEFERRED, detail: { case: 'backoff', value: { attemptCount: 1, lastReply: { code: 451 } } } }],
      estimatedAt: {},
    });
    await expect(rig.lookUp(port, idInPartition(randomUUIDv7(), 0))).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('tells how many senders are needed, to who asks and as a metric, and is silent about it when it owns nothing', async () => {
    const always = { days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 0, toMinute: 1_440, timeZone: 'UTC', multiplier: 3, freeze: true };
    const { scheduler, port, close } = await rig.start({ calendar: [always] });
    await eventually(() => scheduler.owned.length === 1);
    await eventually(async () => (await metricsRegistry.metrics()).includes('posthaste_needed_senders{partition="0"} 3'));
    expect((await lookUpStats(port)).fleet).toMatchObject({ neededSenders: 3, wantedSenders: 1, lateCount: 0n, multiplier: 3, frozen: true });
    await close();
    expect(await metricsRegistry.metrics()).not.toContain('posthaste_needed_senders{');
  });

  it("shows an upstream's breaker, limits and connections, and what waits for a group, to who asks and as metrics", async () => {
    const rule = { limits: { perMinute: 1, concurrency: 4 }, maxConnections: 5, adaptive: false };
    const pool = { name: 'pool', members: [{ upstream: 'main', priority: 0, weight: 1 }], overflow: false };
    const { scheduler, port, close } = await rig.start({ policy: { upstreamRules: new Map([['main', rule]]) }, groups: [pool] });
    await eventually(() => scheduler.owned.length === 1);
    const sender = rig.connectSender(port, 'one');
    await Promise.all([rig.submit(), rig.submit(), rig.submit()]);
    await eventually(() => sender.attempts.length === 1);
    const limits = [
      { scope: 'upstream:main', limit: 1n, window: { seconds: 60n }, usedCount: 1n, learned: false },
      { scope: 'upstream:main', limit: 4n, usedCount: 1n, learned: false },
    ];
    await eventually(async () =>
      expect(await lookUpStats(port)).toMatchObject({
        upstreams: [{ name: 'main', state: UpstreamState.UP, queuedCount: 0n, sendingCount: 1n, limits, connectionCount: 5n, maxConnections: 5n }],
        groups: [{ name: 'pool', queuedCount: 2n, upstreams: ['main'] }],
      }),
    );
    const trouble = { case: 'checked' as const, value: { upstream: 'main', usable: false, reply: { code: 0, text: 'refused' } } };
    for (let failure = 0; failure < 3; failure += 1) sender.say(trouble);
    const main = async () => (await lookUpStats(port)).upstreams[0];
    await eventually(async () => expect(await main()).toMatchObject({ state: UpstreamState.DOWN, trouble: 'refused', downSince: {} }));
    await eventually(async () => expect(await metricsRegistry.metrics()).toContain('upstream_state{partition="0",upstream="main",state="down"} 1'));
    sender.say({ case: 'checked', value: { upstream: 'main', usable: true } });
    await eventually(async () => expect(await main()).toMatchObject({ state: UpstreamState.RECOVERING, trouble: '' }));
    const returnsAt = timestampMs((await main())?.returnsAt ?? { seconds: 0n, nanos: 0, $typeName: 'google.protobuf.Timestamp' });
    expect(returnsAt).toBeGreaterThan(systemClock.now() + defaultPolicy.breaker.healthyMs / 2);
    await eventually(async () => {
      const shown = await metricsRegistry.metrics();
      expect(shown).toContain('upstream_state{partition="0",upstream="main",state="recovering"} 1');
      expect(shown).toContain('posthaste_upstream_limit_used{partition="0",upstream="main",window="1m"} 1');
      expect(shown).toContain('posthaste_upstream_connections_max{partition="0",upstream="main"} 5');
      expect(shown).toContain('posthaste_destination_queued{partition="0",destination="pool"} 2');
    });
    await close();
    expect(await metricsRegistry.metrics()).not.toMatch(/posthaste_(upstream|destination)_\w+\{/);
  });

  it('keeps a dead letter after the last retry', async () => {
    const { scheduler, port } = await rig.start({ retryDelaysMs: [1] });
    await eventually(() => scheduler.owned.length === 1);
    const sender = rig.connectSender(port, 'one');
    await rig.submit();
    for (const tries of [1, 2]) {
      await eventually(() => sender.attempts.length === tries);
      sender.report(sender.attempts[tries - 1] as Attempt, Outcome.DEFERRED, 451);
    }
    await eventually(async () => (await streamState(rig.connection, deadStream(0))).messages === 1);
    await eventually(async () => (await streamState(rig.connection, mailStream(0, 'normal'))).messages === 0);
  });

  it('is followed by a standby that knows what was being sent, and to whom', async () => {
    const first = await rig.start();
    await eventually(() => first.scheduler.owned.length === 1);
    const sender = rig.connectSender(first.port, 'one');
    const id = await rig.submit();
    await eventually(() => sender.attempts.length === 1);
    const second = await rig.start();
    await first.close();
    await eventually(() => second.scheduler.owned.length === 1);
    expect((await rig.lookUp(second.port, id)).recipients).toMatchObject([{ state: 'sending' }]);
    const again = rig.connectSender(second.port, 'one');
    again.report(sender.attempts[0] as Attempt, Outcome.DELIVERED, 250);
    await eventually(() => expect(again.acknowledged).toEqual([sender.attempts[0]?.attemptId]));
    expect(sender.attempts).toHaveLength(1);
  });

  it('passes over an entry without a readable ticket, also when it starts anew', async () => {
    const publisher = createPublisher(rig.connection, { clock: systemClock, log: silentLog, mode: 'fast' });
    const broken = { messageId: randomUUIDv7(), headers: { [ticketHeader]: '{broken' }, body: Buffer.from('x') };
    const first = await rig.start();
    await eventually(() => first.scheduler.owned.length === 1);
    await publisher.publish({ ...broken, stream: waitStream(0), subject: waitSubject(0, broken.messageId) });
    await publisher.publish({ ...broken, messageId: randomUUIDv7(), stream: mailStream(0, 'normal'), subject: mailSubject(0, 'normal', 'default') });
    await publisher.close();
    const id = await rig.submit();
    expect((await rig.lookUp(first.port, id)).recipients).toMatchObject([{ state: 'queued' }]);
    await first.close();
    const second = await rig.start();
    await eventually(() => second.scheduler.owned.length === 1);
    expect((await rig.lookUp(second.port, id)).recipients).toMatchObject([{ state: 'queued' }]);
  });

  it('turns senders and questions away while it does not own the partition', async () => {
    const first = await rig.start();
    await eventually(() => first.scheduler.owned.length === 1);
    const second = await rig.start();
    const sender = rig.connectSender(second.port, 'one');
    await eventually(() => expect(sender.ended()?.code).toBe(status.UNAVAILABLE));
    await expect(rig.lookUp(second.port, idInPartition(randomUUIDv7(), 0))).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });
});

describe('several schedulers', () => {
  beforeEach(() => ensureStreams(rig.connection, { partitions: 3, storageBytes: 256 * 1024 * 1024 }));

  const all = { partitions: 3 };
  const ownersOf = async () =>
    (await Promise.all([0, 1, 2].map((partition) => currentOwner(rig.connection, partition)))).map((owner) => owner?.address);

  it('share the partitions, and take over those of one that leaves or dies', async () => {
    const first = await rig.start(all);
    await eventually(() => first.scheduler.owned.length === 3);
    const second = await rig.start(all);
    await eventually(() => second.scheduler.owned.length === 1 && first.scheduler.owned.length === 2);
    const third = await rig.start(all);
    await eventually(() => [first, second, third].every(({ scheduler }) => scheduler.owned.length === 1 && scheduler.ready));
    expect(new Set(await ownersOf())).toEqual(new Set([first, second, third].map(({ port }) => `127.0.0.1:${port}`)));
    await second.close();
    await eventually(() => first.scheduler.owned.length + third.scheduler.owned.length === 3);
    await first.close();
    await eventually(() => third.scheduler.owned.length === 3);
  });

  it('decide each for its own mail: a sender has a stream to each partition, and a question goes to its owner', async () => {
    const even = await rig.start({ ...all, ownable: [0, 2] });
    const odd = await rig.start({ ...all, ownable: [1] });
    await eventually(() => even.scheduler.ready && odd.scheduler.ready);
    expect([even.scheduler.owned, odd.scheduler.owned]).toEqual([[0, 2], [1]]);
    const senders = [rig.connectSender(even.port, 'one', 0), rig.connectSender(odd.port, 'one', 1), rig.connectSender(even.port, 'one', 2)];
    const ids = await Promise.all([0, 1, 2].map((partition) => rig.submit({ id: idInPartition(randomUUIDv7(), partition) })));
    await eventually(() => senders.every(({ attempts }) => attempts.length === 1));
    expect(senders.map(({ attempts }) => attempts[0]?.messageId)).toEqual(ids);
    expect((await rig.lookUp(odd.port, ids[1] ?? '')).recipients).toMatchObject([{ state: 'sending' }]);
    await expect(rig.lookUp(even.port, ids[1] ?? '')).rejects.toMatchObject({ code: status.UNAVAILABLE });
    const stranger = rig.connectSender(even.port, 'one', 1);
    await eventually(() =>
      expect(stranger.ended()).toMatchObject({ code: status.UNAVAILABLE, details: 'this scheduler does not own partition 1 now' }),
    );
    const shown = await metricsRegistry.metrics();
    for (const partition of [0, 1, 2]) expect(shown).toContain(`posthaste_scheduler_owner{partition="${partition}"} 1`);
  });
});
