import type { PeakUse } from '@posthaste/core/simulation';
import type { LimitWindow } from '@posthaste/core/upstream-rules';
import type { Measure } from './measures.ts';
import type { Upstream } from './upstream.ts';
import type { Configuration, World, WorldOptions } from './world.ts';

/** What came of a run. Its shape is stable: fields are added, never changed. Durations in milliseconds, rates a second; null where there is nothing to say. */
export interface Report {
  readonly workload: string;
  readonly seed: number;
  readonly virtualMs: number;
  readonly lanes: readonly LaneReport[];
  readonly tenants: readonly TenantReport[];
  readonly upstreams: readonly UpstreamReport[];
  /** Domains that have limits: the ones that came nearest to them. */
  readonly domains: readonly DomainReport[];
  readonly senders: { readonly count: number; readonly needed: number };
  readonly core: CoreReport;
  /** Events of the journal after each of which the promises were checked. */
  readonly checkedEvents: number;
}

export interface Outcomes {
  readonly mails: number;
  readonly recipients: number;
  readonly delivered: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  readonly late: number;
  readonly expired: number;
  readonly failed: number;
  readonly retried: number;
  readonly inDoubt: number;
  /** Of those delivered, taken as sent because the lane's policy says so: the final reply was lost. */
  readonly presumed: number;
  /** In doubt, and left to an operator, as the lane's policy says. */
  readonly held: number;
  /** Still waiting at the end, but for what is held. */
  readonly unfinished: number;
}

export interface LaneReport extends Outcomes {
  readonly lane: string;
}

export interface TenantReport extends Outcomes {
  readonly tenant: string;
  readonly lane: string;
}

export interface UpstreamReport {
  readonly name: string;
  /** Recipients that it took. */
  readonly delivered: number;
  readonly mailsPerSecond: number;
  readonly peakPerSecond: number;
  /** What it takes in a second, and the peak's share of that. */
  readonly limitPerSecond: number | null;
  readonly limitShare: number | null;
  readonly refusedByRate: number;
  readonly outageMs: number;
  readonly limits: readonly LimitReport[];
}

/** How far a configured limit was used: counted in any window of that length, where MAIL FROM is written. */
export interface LimitReport {
  readonly window: LimitWindow;
  readonly limit: number;
  readonly most: number;
  /** `most` as a share of the limit. */
  readonly share: number;
}

export interface DomainReport {
  readonly name: string;
  readonly limits: readonly LimitReport[];
}

export interface CoreReport {
  readonly decisionMicros: number | null;
  readonly events: number;
  readonly busyShare: number;
  readonly longestTurnMs: number;
}

export function reportOf(world: World, { workload, configuration, seed }: WorldOptions): Report {
  const virtualMs = world.agenda.now;
  const measured = [...world.measures.byLane].sort(([one], [other]) => one.rank - other.rank);
  const byTenant = [...world.measures.byTenant.values()].sort(
    (one, other) => one.tenant.localeCompare(other.tenant, 'en') || one.lane.rank - other.lane.rank,
  );
  const { coreUse } = world;
  return {
    workload: workload.name,
    seed,
    virtualMs: Math.round(virtualMs),
    lanes: measured.map(([lane, measure]) => ({ lane: lane.name, ...outcomesOf(measure) })),
    tenants: byTenant.map(({ tenant, lane, measure }) => ({ tenant, lane: lane.name, ...outcomesOf(measure) })),
    upstreams: [...world.upstreams.values()].map((upstream) => ({
      ...upstreamReport(upstream, virtualMs),
      limits: world.mailFroms.ofUpstream(upstream.name).map(limitReport),
    })),
    domains: domainReports(world.mailFroms.byDomain()),
    senders: { count: workload.senders.count, needed: sendersNeeded(world, configuration) },
    core: {
      decisionMicros: workload.costs.decisionMicros,
      events: coreUse.events,
      busyShare: rounded(coreUse.busyMs / virtualMs, 4),
      longestTurnMs: rounded(coreUse.longestMs, 3),
    },
    checkedEvents: world.witness.steps,
  };
}

function outcomesOf(measure: Measure): Outcomes {
  const { mails, recipients, delivered, expired, failed, late, retried, doubted, presumed, held, latencies } = measure;
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number) => (sorted.length === 0 ? null : Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0));
  const unfinished = recipients - delivered - expired - failed - held;
  return {
    mails,
    recipients,
    delivered,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    maxMs: at(1),
    late,
    expired,
    failed,
    retried,
    inDoubt: doubted,
    presumed,
    held,
    unfinished,
  };
}

function upstreamReport({ name, model, mailFroms, taken, refusedByRate, outages }: Upstream, virtualMs: number): Omit<UpstreamReport, 'limits'> {
  const limit = model.perSecond;
  return {
    name,
    delivered: taken.total,
    mailsPerSecond: rounded((mailFroms.total * 1_000) / virtualMs, 2),
    peakPerSecond: mailFroms.peak,
    limitPerSecond: limit,
    limitShare: limit === null ? null : rounded(mailFroms.peak / limit, 3),
    refusedByRate,
    outageMs: outages.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, virtualMs) - from), 0),
  };
}

/** By Little's law: the mails that came in the busiest minute need so many connections at a time, as long as the upstream takes them. */
function sendersNeeded({ upstreams }: World, { connections, policy }: Configuration): number {
  const needs = [...upstreams.values()].map(({ name, model, mailFroms }) => {
    const busy = mailFroms.peakOfMinute * (model.latency.p50Ms / 1_000);
    const most = policy.upstreamRules.get(name)?.maxConnections ?? Infinity;
    return Math.ceil(Math.min(busy, most, model.connections ?? Infinity) / (connections.get(name) ?? 1));
  });
  return Math.max(1, ...needs);
}

function limitReport({ window, limit, most }: PeakUse): LimitReport {
  return { window, limit, most, share: rounded(most / limit, 3) };
}

/** Where each domain has its limit there can be very many. */
const mostDomains = 20;

function domainReports(domains: readonly (readonly [string, readonly PeakUse[]])[]): DomainReport[] {
  const fullest = ({ limits }: DomainReport) => Math.max(...limits.map(({ share }) => share));
  return domains
    .map(([name, uses]) => ({ name, limits: uses.map(limitReport) }))
    .sort((one, other) => fullest(other) - fullest(one) || one.name.localeCompare(other.name, 'en'))
    .slice(0, mostDomains);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
