import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { status, type sendUnaryData, type ServerUnaryCall, type UntypedHandleCall } from '@grpc/grpc-js';
import {
  type Census,
  type DestinationView,
  type FleetNeed,
  type Lane as LaneName,
  type LaneCensus,
  type LimitUse,
  type Tallies,
  type Tally,
  type UpstreamHealth,
  type UpstreamView,
} from '@posthaste/core';
import {
  type FleetStatsSchema,
  type GroupStatsSchema,
  Lane,
  type LaneStatsSchema,
  type LimitInForceSchema,
  UpstreamState,
  type UpstreamStatsSchema,
} from '@posthaste/protocol';
import { LookupStatsResponseSchema, type LookupStatsRequest, type LookupStatsResponse } from '@posthaste/protocol/dispatch';
import { askedPartition } from './asked-partition.ts';
import type { Lookup } from './lookup-service.ts';

/** `current`: what to count during a partition's present epoch, or null while another scheduler owns it. */
export function statsHandler(current: (partition: number) => Lookup | null): UntypedHandleCall {
  return (call: ServerUnaryCall<LookupStatsRequest, LookupStatsResponse>, answer: sendUnaryData<LookupStatsResponse>) => {
    const partition = askedPartition(call);
    const lookup = current(partition);
    if (!lookup) return answer({ code: status.UNAVAILABLE, details: `this scheduler does not own partition ${partition} now` });
    takeStats(lookup).then(
      (stats) => answer(null, stats),
      (error: unknown) => answer({ code: status.UNAVAILABLE, details: `the index cannot be counted now: ${String(error)}` }),
    );
    return undefined;
  };
}

async function takeStats({ driver: { engine }, figures, owner, epoch }: Lookup): Promise<LookupStatsResponse> {
  const { census, takenAt } = await figures.recent();
  return create(LookupStatsResponseSchema, {
    lanes: census.lanes.map(laneStats),
    upstreams: engine.upstreams().map((upstream, index) => upstreamStats(upstream, census.destinations[index], engine.wallOf)),
    groups: engine.groups().map((group) => groupStats(group, census)),
    senders: engine.senders().map(({ id, held }) => ({ id, heldCount: BigInt(held) })),
    totals: totalsOf(engine.tallies),
    unreadCount: BigInt(figures.unread),
    takenAt: timestampFromMs(takenAt),
    fleet: fleetStats(figures.fleet),
    owner,
    epoch: BigInt(epoch),
  });
}

function fleetStats({ needed, wanted, late, multiplier, frozen }: FleetNeed): MessageInitShape<typeof FleetStatsSchema> {
  return { neededSenders: needed, wantedSenders: wanted, lateCount: BigInt(late), multiplier, frozen };
}

export const wireLanes: Readonly<Record<LaneName, Lane>> = { immediate: Lane.IMMEDIATE, high: Lane.HIGH, normal: Lane.NORMAL, low: Lane.LOW };

function laneStats({ lane, depth, waiting, oldestAcceptedAt }: LaneCensus): MessageInitShape<typeof LaneStatsSchema> {
  return {
    lane: wireLanes[lane.base],
    laneName: lane.name,
    readyCount: BigInt(depth.queued - waiting),
    waitingCount: BigInt(waiting),
    sendingCount: BigInt(depth.sending),
    inDoubtCount: BigInt(depth.inDoubt),
    heldCount: BigInt(depth.held),
    ...(oldestAcceptedAt === null ? {} : { oldestAcceptedAt: timestampFromMs(oldestAcceptedAt) }),
  };
}

/** `wallOf`: the wall clock at a time of the monotonic one. */
function upstreamStats(
  { name, health, limits, learned, connections, window }: UpstreamView,
  { queued, sending } = { queued: 0, sending: 0 },
  wallOf: (mono: number) => number,
): MessageInitShape<typeof UpstreamStatsSchema> {
  return {
    name,
    ...healthStats(health, wallOf),
    queuedCount: BigInt(queued),
    sendingCount: BigInt(sending),
    window: BigInt(window),
    limits: [
      ...limits.map((limit) => limitStats(`upstream:${name}`, limit, false)),
      ...learned.map((limit) => limitStats(`upstream:${name}`, limit, true)),
    ],
    connectionCount: BigInt(connections?.inForce ?? 0),
    maxConnections: BigInt(connections?.most ?? 0),
  };
}

function healthStats(
  health: UpstreamHealth,
  wallOf: (mono: number) => number,
): Pick<MessageInitShape<typeof UpstreamStatsSchema>, 'state' | 'downSince' | 'trouble' | 'returnsAt'> {
  switch (health.kind) {
    case 'up':
      return { state: UpstreamState.UP };
    case 'down':
      return { state: UpstreamState.DOWN, downSince: timestampFromMs(health.since), trouble: health.trouble };
    case 'recovering':
      return { state: UpstreamState.RECOVERING, returnsAt: timestampFromMs(Math.round(wallOf(health.wellAt))) };
  }
}

function limitStats(scope: string, { windowMs, limit, used, whole = 0 }: LimitUse, learned: boolean): MessageInitShape<typeof LimitInForceSchema> {
  const window = windowMs === null ? {} : { window: durationFromMs(windowMs) };
  return { scope, limit: BigInt(limit), usedCount: BigInt(used), learned, configuredLimit: BigInt(whole), ...window };
}

function groupStats({ name, index, upstreams }: DestinationView, { destinations }: Census): MessageInitShape<typeof GroupStatsSchema> {
  return { name, queuedCount: BigInt(destinations[index]?.queued ?? 0), upstreams: [...upstreams] };
}

function totalsOf(tallies: Tallies) {
  const all = [...tallies.values()];
  const sum = (kind: keyof Tally) => BigInt(all.reduce((total, tally) => total + tally[kind], 0));
  return {
    acceptedCount: sum('accepted'),
    deliveredCount: sum('delivered'),
    failedCount: sum('failed'),
    expiredCount: sum('expired'),
    inDoubtCount: sum('doubted'),
    cancelledCount: sum('cancelled'),
  };
}
