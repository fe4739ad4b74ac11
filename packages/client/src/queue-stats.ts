import { durationMs } from '@bufbuild/protobuf/wkt';
import {
  UpstreamState,
  type FleetStats,
  type LaneStats,
  type LimitInForce,
  type PartitionStats,
  type QueueStatsResponse,
  type Totals,
  type UpstreamStats,
} from '@posthaste/protocol';
import { laneNameOf, type LaneName } from './lane-name.ts';
import { dateOf } from './message-status.ts';
import { withProto, type WithProto } from './with-proto.ts';
import { wordOf, type Word } from './word.ts';

/** What waits where, which upstreams work, who sends. Counts are of recipients. */
export interface QueueStats extends WithProto<QueueStatsResponse> {
  /** The most urgent first. */
  readonly lanes: readonly LaneFigures[];
  readonly upstreams: readonly UpstreamFigures[];
  /** Groups of upstreams that are configured. */
  readonly groups: readonly GroupFigures[];
  /** Connected senders, and the attempts that each holds. */
  readonly senders: readonly { readonly id: string; readonly heldCount: number }[];
  /** Since the partition began. */
  readonly totals: TotalFigures;
  /** Stored messages that the scheduler has not read yet. */
  readonly unreadCount: number;
  /** How full the fullest stream is, from 0 to 1; at 0.9 new mail is refused. */
  readonly fillRatio: number;
  /** How far `list` is behind, milliseconds. */
  readonly ledgerLagMs: number | undefined;
  readonly takenAt: Date | undefined;
  /** Who decides for which part of the mail. The other figures are sums over those that have an owner. */
  readonly partitions: readonly PartitionFigures[];
  /** How many senders there should be; undefined: the scheduler does not tell. */
  readonly fleet: FleetFigures | undefined;
}

export interface FleetFigures {
  /** The smaller of what the backlog needs and what the upstreams allow, raised by the traffic calendar. */
  readonly neededSenders: number;
  /** What the backlog would need if the upstreams took everything. */
  readonly wantedSenders: number;
  /** Messages that are ready and past their lane's target. */
  readonly lateCount: number;
  /** What the traffic calendar multiplies the usual need by; 1: nothing. */
  readonly multiplier: number;
  /** The traffic calendar wants no sender to be taken away now. */
  readonly frozen: boolean;
}

export interface PartitionFigures {
  readonly partition: number;
  /** The scheduler; undefined when none can be asked: its mail is safe and waits. */
  readonly owner: string | undefined;
  /** Grows with each change of owner. */
  readonly epoch: number;
  /** Stored messages that the owner has not read yet. */
  readonly unreadCount: number;
}

export interface LaneFigures {
  readonly lane: LaneName;
  /** Could go now. */
  readonly readyCount: number;
  /** Wait for their due time. */
  readonly waitingCount: number;
  readonly sendingCount: number;
  readonly inDoubtCount: number;
  readonly heldCount: number;
  /** Of what is not final; undefined when the lane is empty. */
  readonly oldestAcceptedAt: Date | undefined;
}

export interface UpstreamFigures {
  readonly name: string;
  readonly state: Word<typeof UpstreamState>;
  readonly downSince: Date | undefined;
  /** Why it is down; empty while it is up. */
  readonly trouble: string;
  /** When mail returns to it if it stays healthy; undefined unless it is recovering. */
  readonly returnsAt: Date | undefined;
  /** Bound for it by its own name: what is bound for its groups counts for these. */
  readonly queuedCount: number;
  readonly sendingCount: number;
  /** Attempts that all senders together are ready to hold for it. */
  readonly window: number;
  readonly limits: readonly LimitFigures[];
  /** Undefined without a maximum of connections. */
  readonly connections: { readonly count: number; readonly most: number } | undefined;
}

export interface LimitFigures {
  /** Messages in each window, or at once. */
  readonly limit: number;
  /** Undefined: at once. */
  readonly windowMs: number | undefined;
  readonly usedCount: number;
  /** Learned from the upstream's replies instead of being configured. */
  readonly learned: boolean;
  /** What is configured: more than `limit` while some of it is with a partition that nobody asked, or is passing from one to another. */
  readonly configured: number;
}

export interface GroupFigures {
  readonly name: string;
  /** Which of the upstreams takes it is decided when it goes. */
  readonly queuedCount: number;
  /** The preferred ones first. */
  readonly upstreams: readonly string[];
}

export interface TotalFigures {
  readonly acceptedCount: number;
  readonly deliveredCount: number;
  readonly failedCount: number;
  readonly expiredCount: number;
  readonly inDoubtCount: number;
  readonly cancelledCount: number;
}

export function queueStats(stats: QueueStatsResponse): QueueStats {
  return withProto(
    {
      lanes: stats.lanes.map(laneFigures),
      upstreams: stats.upstreams.map(upstreamFigures),
      groups: stats.groups.map(({ name, queuedCount, upstreams }) => ({ name, queuedCount: Number(queuedCount), upstreams })),
      senders: stats.senders.map(({ id, heldCount }) => ({ id, heldCount: Number(heldCount) })),
      totals: totalFigures(stats.totals),
      unreadCount: Number(stats.unreadCount),
      fillRatio: stats.fillRatio,
      ledgerLagMs: stats.ledgerLag && durationMs(stats.ledgerLag),
      takenAt: dateOf(stats.takenAt),
      partitions: stats.partitions.map(partitionFigures),
      fleet: stats.fleet && fleetFigures(stats.fleet),
    },
    stats,
  );
}

function fleetFigures({ neededSenders, wantedSenders, lateCount, multiplier, frozen }: FleetStats): FleetFigures {
  return { neededSenders, wantedSenders, lateCount: Number(lateCount), multiplier, frozen };
}

function partitionFigures({ partition, owner, epoch, unreadCount }: PartitionStats): PartitionFigures {
  return { partition, owner: owner || undefined, epoch: Number(epoch), unreadCount: Number(unreadCount) };
}

function laneFigures(lane: LaneStats): LaneFigures {
  return {
    lane: laneNameOf(lane),
    readyCount: Number(lane.readyCount),
    waitingCount: Number(lane.waitingCount),
    sendingCount: Number(lane.sendingCount),
    inDoubtCount: Number(lane.inDoubtCount),
    heldCount: Number(lane.heldCount),
    oldestAcceptedAt: dateOf(lane.oldestAcceptedAt),
  };
}

function upstreamFigures(upstream: UpstreamStats): UpstreamFigures {
  return {
    name: upstream.name,
    state: wordOf(UpstreamState, upstream.state),
    downSince: dateOf(upstream.downSince),
    trouble: upstream.trouble,
    returnsAt: dateOf(upstream.returnsAt),
    queuedCount: Number(upstream.queuedCount),
    sendingCount: Number(upstream.sendingCount),
    window: Number(upstream.window),
    limits: upstream.limits.map(limitFigures),
    connections: upstream.maxConnections > 0n ? { count: Number(upstream.connectionCount), most: Number(upstream.maxConnections) } : undefined,
  };
}

function limitFigures({ limit, window, usedCount, learned, configuredLimit }: LimitInForce): LimitFigures {
  const configured = Number(configuredLimit === 0n ? limit : configuredLimit);
  return { limit: Number(limit), windowMs: window && durationMs(window), usedCount: Number(usedCount), learned, configured };
}

function totalFigures(totals: Totals | undefined): TotalFigures {
  return {
    acceptedCount: Number(totals?.acceptedCount ?? 0),
    deliveredCount: Number(totals?.deliveredCount ?? 0),
    failedCount: Number(totals?.failedCount ?? 0),
    expiredCount: Number(totals?.expiredCount ?? 0),
    inDoubtCount: Number(totals?.inDoubtCount ?? 0),
    cancelledCount: Number(totals?.cancelledCount ?? 0),
  };
}
