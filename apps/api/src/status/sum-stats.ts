import { durationFromMs, durationMs, timestampMs, type Timestamp } from '@bufbuild/protobuf/wkt';
import { UpstreamState, type FleetStats, type LaneStats, type LimitInForce, type QueueStatsResponse, type UpstreamStats } from '@posthaste/protocol';
import type { LookupStatsResponse } from '@posthaste/protocol/dispatch';

type Counted = Pick<QueueStatsResponse, 'lanes' | 'upstreams' | 'groups' | 'senders' | 'unreadCount' | 'partitions'> &
  Partial<Pick<QueueStatsResponse, 'totals' | 'takenAt' | 'fleet'>>;

/** What the schedulers counted, over all partitions; undefined stands for a partition whose scheduler cannot be asked. */
export function sumStats(answers: readonly (LookupStatsResponse | undefined)[]): Counted {
  const told = answers.filter((answer) => answer !== undefined);
  const totals = told.flatMap((answer) => answer.totals ?? []);
  const takenAt = earliest(told.map((answer) => answer.takenAt));
  return {
    lanes: byKey(
      told.flatMap(({ lanes }) => lanes),
      ({ laneName }) => laneName,
      addLanes,
    ),
    upstreams: byKey(
      told.flatMap(({ upstreams }) => upstreams),
      ({ name }) => name,
      addUpstreams,
    ),
    groups: byKey(
      told.flatMap(({ groups }) => groups),
      ({ name }) => name,
      addCounts,
    ),
    senders: byKey(
      told.flatMap(({ senders }) => senders),
      ({ id }) => id,
      addCounts,
    ),
    ...(totals.length === 0 ? {} : { totals: totals.reduce(addCounts) }),
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
  const { oldestAcceptedAt: _, ...sum } = addCounts(one, other);
  const oldest = earliest([one.oldestAcceptedAt, other.oldestAcceptedAt]);
  return { ...sum, ...(oldest && { oldestAcceptedAt: oldest }) };
}

const worstFirst = [UpstreamState.DOWN, UpstreamState.RECOVERING];

/** Down where it is down for one of them: that one's mail waits. */
function addUpstreams(one: UpstreamStats, other: UpstreamStats): UpstreamStats {
  const worst = worstFirst.find((state) => one.state === state || other.state === state);
  const [first, second] = worst === undefined || one.state === worst ? [one, other] : [other, one];
  return { ...addCounts(first, second), limits: byKey([...one.limits, ...other.limits], kindOfLimit, addLimits) };
}

/** Each scheduler learns by itself, and about a window of its own. */
function kindOfLimit({ scope, learned, window }: LimitInForce): string {
  return [scope, learned, window && (learned || durationMs(window))].join(' ');
}

/** Shares of one limit. What is let through in a second adds up, whatever the windows. */
function addLimits(one: LimitInForce, other: LimitInForce): LimitInForce {
  const sum = { ...addCounts(one, other), configuredLimit: configuredOf(one, other) };
  if (!one.window || !other.window || durationMs(one.window) === durationMs(other.window)) return sum;
  const perMs = Number(one.limit) / durationMs(one.window) + Number(other.limit) / durationMs(other.window);
  return { ...sum, window: durationFromMs(Math.round(Number(sum.limit) / perMs)) };
}

/** A share that is all of its limit says no other: it is the only one that is not nothing. */
function configuredOf(one: LimitInForce, other: LimitInForce): bigint {
  const [first, second] = [one, other].map(({ limit, configuredLimit }) => (configuredLimit === 0n ? limit : configuredLimit)) as [bigint, bigint];
  const configured = first > second ? first : second;
  return one.learned || configured <= one.limit + other.limit ? 0n : configured;
}

/** All that is counted, summed; the rest as the first one says. */
function addCounts<T extends object>(one: T, other: T): T {
  const others = new Map<string, unknown>(Object.entries(other));
  const sums = Object.entries(one).map(([name, count]: [string, unknown]) => {
    const more = others.get(name);
    return [name, typeof count === 'bigint' && typeof more === 'bigint' ? count + more : count];
  });
  return Object.fromEntries(sums) as T;
}

function earliest(times: readonly (Timestamp | undefined)[]): Timestamp | undefined {
  return times.reduce((first, time) => (!first || (time && timestampMs(time) < timestampMs(first)) ? time : first), undefined);
}
