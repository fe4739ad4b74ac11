import type { IndexCount } from './census.ts';
import { ConnectionShares } from './connection-shares.ts';
import { createDestinations, createRounds, createUpstreams, type DestinationState, type Round, type UpstreamState } from './destination-state.ts';
import type { Effect, JournalRecord } from './effect.ts';
import type { Instant } from './engine-input.ts';
import { FinishedLog } from './finished-log.ts';
import type { BatchPolicy } from './gathering.ts';
import { Heap } from './heap.ts';
import { lanes, type Lane } from './lane.ts';
import { LaneTable } from './lane-table.ts';
import { LiveEntries } from './live-entries.ts';
import type { Mail } from './mail.ts';
import { MailIndex } from './mail-index.ts';
import type { MailGate } from './mail-gate.ts';
import { Meters } from './metering.ts';
import { RecentIds } from './recent-ids.ts';
import { defaultRetryRules, type RetryRules } from './retry-rules.ts';
import type { Asks } from './operation/asking.ts';
import type { SpentRevivals } from './operation/spent-revivals.ts';
import type { Suspensions } from './operation/suspension-gate.ts';
import { noCommands, type Commands } from './operation/work.ts';
import type { Router } from './router.ts';
import { SenderTable } from './sender-table.ts';
import { upstreamScope, type ShareMap } from './shares/share-table.ts';
import { SteadyClock } from './steady-clock.ts';
import type { Tallies } from './tally.ts';
import type { TenantWeights } from './tenant-turn.ts';
import { defaultBreaker, type BreakerRule, type DomainLimits, type UpstreamRules } from './upstream-rules.ts';

export interface EnginePolicy {
  readonly retry: RetryRules;
  readonly lanes: LaneTable;
  readonly tenantWeights: TenantWeights;
  /** How long a sender's lease lasts from each word of it. */
  readonly senderLeaseMs: number;
  /** Recipients of one message in one transaction. */
  readonly maxRecipientsPerAttempt: number;
  readonly batch: BatchPolicy;
  /** A log that fills less than this share of its limit is never relieved: it holds up nobody. */
  readonly pinnedFloor: number;
  readonly upstreamRules: UpstreamRules;
  readonly domainLimits: DomainLimits;
  readonly breaker: BreakerRule;
}

export const defaultPolicy: EnginePolicy = {
  retry: defaultRetryRules,
  lanes: new LaneTable(),
  tenantWeights: new Map(),
  senderLeaseMs: 15_000,
  maxRecipientsPerAttempt: 100,
  batch: { size: 50, waitMs: 0 },
  pinnedFloor: 0.1,
  upstreamRules: new Map(),
  domainLimits: new Map(),
  breaker: defaultBreaker,
};

/** How a log stands. */
export interface LogState {
  /** Which of its entries need not be kept. */
  finished: FinishedLog;
  /** Up to where it was said to be trimmed; 0 after a recovery, which says it again. */
  trimmed: number;
  /** Highest sequence that was read. */
  seen: number;
  /** Entries that are unfinished. */
  readonly live: LiveEntries<Mail>;
  /** Bytes of these, about. */
  liveBytes: number;
}

/** All that the engine knows. The rules that change it stand in files of their own. */
export interface EngineState {
  readonly epoch: number;
  readonly policy: EnginePolicy;
  readonly router: Router;
  readonly mails: MailIndex;
  /** Those that are under way. */
  readonly counts: Set<IndexCount>;
  readonly logs: Readonly<Record<Lane, LogState>>;
  /** Highest sequence of WAIT that was read. */
  waitSeen: number;
  /** Copies of ours above it: a door's entry that has not been read may lie between. */
  readonly waitAhead: Set<number>;
  /** Highest sequence of DEAD that is known of. */
  deadSeen: number;
  /** By the router's index. */
  readonly upstreams: readonly UpstreamState[];
  /** By the router's index. */
  readonly destinations: readonly DestinationState[];
  readonly rounds: readonly Round[];
  readonly meters: Meters;
  /** By the upstream's name, for those that have a maximum. */
  readonly connectionShares: ReadonlyMap<string, ConnectionShares>;
  /** From then on shares of connections may be raised: the leases of senders that an earlier owner knew have ended. Monotonic. */
  raisesFrom: number;
  /** What mail must pass before an upstream is given it, in this order. */
  readonly gates: MailGate[];
  readonly clock: SteadyClock;
  /** Mail that waits for a while, by the steady clock. An entry whose mail has moved on since is passed over. */
  readonly calendar: Heap<Mail>;
  /** Mail that waits for a time that somebody named, by the wall clock. */
  readonly appointments: Heap<Mail>;
  /** Mail with a deadline, the nearest first, by the wall clock. */
  readonly deadlines: Heap<Mail>;
  /** Mail that lives for so long, by the steady clock. */
  readonly lifetimes: Heap<Mail>;
  readonly senders: SenderTable;
  readonly commands: Commands;
  readonly asks: Asks;
  readonly suspensions: Suspensions;
  readonly spentRevivals: SpentRevivals;
  readonly recent: RecentIds;
  readonly tallies: Tallies;
  /** Since the last snapshot: mail whose states changed, ids that finished, entries of STATE that are of no more use. */
  readonly changed: Set<Mail>;
  readonly finishedIds: string[];
  readonly staleStates: number[];
  /** Since the last step. */
  records: JournalRecord[];
  effects: Effect[];
  readonly trims: Set<Lane>;
  /** The last step had more to look through than a step may: the next one goes on. */
  unfinished: boolean;
  /** When that was. */
  dispatchedAt: Instant;
  attemptNumber: number;
  order: number;
}

export function createEngineState(epoch: number, router: Router, policy: EnginePolicy, shares: ShareMap | null = null): EngineState {
  const upstreams = createUpstreams(router, policy);
  const meters = new Meters(policy.upstreamRules, policy.domainLimits, shares);
  const destinations = createDestinations(router, upstreams, policy);
  return {
    epoch,
    policy,
    router,
    mails: new MailIndex(),
    counts: new Set(),
    logs: Object.fromEntries(lanes.map((lane) => [lane, emptyLog()])) as unknown as Record<Lane, LogState>,
    waitSeen: 0,
    waitAhead: new Set(),
    deadSeen: 0,
    upstreams,
    destinations,
    rounds: createRounds(destinations),
    meters,
    connectionShares: connectionSharesOf(policy, shares),
    raisesFrom: -Infinity,
    gates: meters.limitsDomains ? [meters] : [],
    clock: new SteadyClock(),
    calendar: new Heap(),
    appointments: new Heap(),
    deadlines: new Heap(),
    lifetimes: new Heap(),
    senders: new SenderTable(),
    commands: noCommands(),
    asks: new Map(),
    suspensions: new Map(),
    spentRevivals: new Map(),
    recent: new RecentIds(),
    tallies: new Map(),
    changed: new Set(),
    finishedIds: [],
    staleStates: [],
    records: [],
    effects: [],
    trims: new Set(),
    unfinished: false,
    dispatchedAt: { wall: 0, mono: -Infinity },
    attemptNumber: 0,
    order: 0,
  };
}

function connectionSharesOf({ upstreamRules }: EnginePolicy, shares: ShareMap | null): Map<string, ConnectionShares> {
  const bounded = [...upstreamRules].flatMap(([name, { maxConnections }]) => (maxConnections === undefined ? [] : [[name, maxConnections] as const]));
  const mostOf = (name: string, whole: number) => (shares ? (shares.get(upstreamScope(name))?.connections ?? 0) : whole);
  return new Map(bounded.map(([name, whole]) => [name, new ConnectionShares(mostOf(name, whole))]));
}

function emptyLog(): LogState {
  return { finished: new FinishedLog(), trimmed: 0, seen: 0, live: new LiveEntries(), liveBytes: 0 };
}
