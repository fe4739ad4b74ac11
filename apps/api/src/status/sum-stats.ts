import { timestampMs, type Timestamp } from '@bufbuild/protobuf/wkt';
import {
  UpstreamState,
  type FleetStats,
  type LaneStats,
  type QueueStatsResponse,
  type SenderStats,
  type Totals,
  type UpstreamStats,
} from '@posthaste/protocol';
import type { LookupStatsResponse } from '@posthaste/protocol/dispatch';

type Counted = Pick<QueueStatsResponse, 'lanes' | 'upstreams' | 'senders' | 'unreadCount' | 'partitions'> &
  Partial<Pick<QueueStatsResponse, 'totals' | 'takenAt' | 'fleet'>>;

/** What the schedulers counted, over all partitions; undefined stands for a partition whose scheduler cannot be asked. */
export function sumStats(answers: readonly (LookupStatsResponse | undefined)[]): Counted {
  const told = answers.filter((answer) => answer !== undefined);
  const totals = told.flatMap((answer) => answer.totals ?? []);
  const takenAt = earliest(told.map((answer) => answer.takenAt));
  return {
    lanes: byKey(
      told.flatMap(({ lanes }) => lanes),
      ({ lane }) => lane,
      addLanes,
    ),
    upstreams: byKey(
      told.flatMap(({ upstreams }) => upstreams),
      ({ name }) => name,
      addUpstreams,
    ),
    senders: byKey(
      told.flatMap(({ senders }) => senders),
      ({ id }) => id,
      addSenders,
    ),
    ...(totals.length === 0 ? {} : { totals: totals.reduce(addTotals) }),
    ...fleetOf(told),
    unreadCount: told.reduce((sum, { unreadCount }) => sum + unreadCount, 0n),
    ...(takenAt && { takenAt }),
    partitions: answers.map((answer, partition) => ({
      $typeName: 'posthaste.v1.PartitionStats',
      partition,
      owner: answer?.owner ?? '',
      epoch: answer?.epoch ?? 0n,
      unreadCount: answer?.unreadCount ?? 0n,
    })),
  };
}

/**
 * Each scheduler measures how much of its own mail a sender takes, and a sender takes that of all partitions: so the largest need is the need of all,
 * not their sum.
 */
function fleetOf(told: readonly LookupStatsResponse[]): Pick<Counted, 'fleet'> {
  const fleets = told.flatMap(({ fleet }) => fleet ?? []);
  const [first] = fleets;
  if (!first) return {};
  const largest = (count: (fleet: FleetStats) => number) => Math.max(...fleets.map(count));
  const fleet = {
    ...first,
    neededSenders: largest(({ neededSenders }) => neededSenders),
    wantedSenders: largest(({ wantedSenders }) => wantedSenders),
    lateCount: fleets.reduce((sum, { lateCount }) => sum + lateCount, 0n),
    frozen: fleets.some(({ frozen }) => frozen),
  };
  return { fleet };
}

/** In the order in which they come first. */
function byKey<T>(all: readonly T[], keyOf: (one: T) => unknown, add: (one: T, other: T) => T): T[] {
  const sums = new Map<unknown, T>();
  for (const one of all) {
    const sum = sums.get(keyOf(one));
    sums.set(keyOf(one), sum === undefined ? one : add(sum, one));
  }
  return [...sums.values()];
}

function addLanes(one: LaneStats, other: LaneStats): LaneStats {
  const { oldestAcceptedAt: _, ...rest } = one;
  const oldest = earliest([one.oldestAcceptedAt, other.oldestAcceptedAt]);
  return {
    ...rest,
    readyCount: one.readyCount + other.readyCount,
    waitingCount: one.waitingCount + other.waitingCount,
    sendingCount: one.sendingCount + other.sendingCount,
    inDoubtCount: one.inDoubtCount + other.inDoubtCount,
    heldCount: one.heldCount + other.heldCount,
    ...(oldest && { oldestAcceptedAt: oldest }),
  };
}

/** Down where it is down for one of them: that one's mail waits. */
function addUpstreams(one: UpstreamStats, other: UpstreamStats): UpstreamStats {
  const shown = one.state === UpstreamState.DOWN ? one : other;
  return {
    ...shown,
    queuedCount: one.queuedCount + other.queuedCount,
    sendingCount: one.sendingCount + other.sendingCount,
    window: one.window + other.window,
  };
}

function addSenders(one: SenderStats, other: SenderStats): SenderStats {
  return { ...one, heldCount: one.heldCount + other.heldCount };
}

function addTotals(one: Totals, other: Totals): Totals {
  return {
    ...one,
    acceptedCount: one.acceptedCount + other.acceptedCount,
    deliveredCount: one.deliveredCount + other.deliveredCount,
    failedCount: one.failedCount + other.failedCount,
    expiredCount: one.expiredCount + other.expiredCount,
    inDoubtCount: one.inDoubtCount + other.inDoubtCount,
  };
}

function earliest(times: readonly (Timestamp | undefined)[]): Timestamp | undefined {
  return times.reduce((first, time) => (!first || (time && timestampMs(time) < timestampMs(first)) ? time : first), undefined);
}
