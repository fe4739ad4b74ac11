import { formatDuration } from '@posthaste/config';
import type { DomainReport, LimitReport, Outcomes, Report, UpstreamReport } from '@posthaste/simulator';
import type { Paint } from '../terminal/paint.ts';
import { renderTable } from '../terminal/table.ts';

/** One run, as tables. */
export function describeReport(report: Report, paint: Paint): string {
  const { workload, seed, virtualMs, senders, core, checkedEvents } = report;
  return [
    `${workload}, seed ${seed}: ${showMs(virtualMs)} of virtual time, ${checkedEvents} events checked`,
    renderTable([bold(['LANE', ...outcomeHeads], paint), ...report.lanes.map((lane) => [lane.lane, ...outcomeCells(lane)])]),
    renderTable([
      bold(['TENANT', 'LANE', ...outcomeHeads], paint),
      ...report.tenants.map((tenant) => [tenant.tenant, tenant.lane, ...outcomeCells(tenant)]),
    ]),
    renderTable([bold(['UPSTREAM', ...upstreamHeads], paint), ...report.upstreams.map((upstream) => [upstream.name, ...upstreamCells(upstream)])]),
    ...domainTable(report.domains, paint),
    `senders: ${senders.count} at the beginning, ${senders.needed} needed in the busiest minute`,
    `core: ${core.events} events, ${(core.busyShare * 100).toFixed(2)} % busy, longest turn ${core.longestTurnMs} ms, ${
      core.decisionMicros === null ? 'as measured on this machine' : `${core.decisionMicros} us charged for each`
    }`,
  ].join('\n\n');
}

/** Where no domain has a limit there is nothing to say. */
function domainTable(domains: readonly DomainReport[], paint: Paint): string[] {
  if (domains.length === 0) return [];
  return [renderTable([bold(['DOMAIN', 'LIMIT', 'OF LIMIT'], paint), ...domains.map(({ name, limits }) => [name, ...limitCells(limits)])])];
}

/** Two runs side by side: the first configuration, and the other one. */
export function describeTwo(one: Report, other: Report, paint: Paint): string {
  const lanes = pairs(one.lanes, other.lanes, ({ lane }) => lane);
  const tenants = pairs(one.tenants, other.tenants, ({ tenant, lane }) => `${tenant} ${lane}`);
  const upstreams = pairs(one.upstreams, other.upstreams, ({ name }) => name);
  const outcomeRow = ([name, before, after]: Pair<Outcomes>) => [name, ...changes(before && outcomeCells(before), after && outcomeCells(after))];
  const upstreamRow = ([name, before, after]: Pair<UpstreamReport>) => [
    name,
    ...changes(before && upstreamCells(before), after && upstreamCells(after)),
  ];
  return [
    `${one.workload}, seed ${one.seed}: the configuration, and what the other one makes of it`,
    renderTable([bold(['LANE', ...outcomeHeads], paint), ...lanes.map(outcomeRow)]),
    renderTable([bold(['TENANT', ...outcomeHeads], paint), ...tenants.map(outcomeRow)]),
    renderTable([bold(['UPSTREAM', ...upstreamHeads], paint), ...upstreams.map(upstreamRow)]),
    `senders needed: ${changes([String(one.senders.needed)], [String(other.senders.needed)]).join('')}`,
  ].join('\n\n');
}

type Pair<T> = readonly [name: string, before: T | undefined, after: T | undefined];

function pairs<T>(one: readonly T[], other: readonly T[], nameOf: (each: T) => string): Pair<T>[] {
  const names = new Set([...one, ...other].map(nameOf));
  const find = (all: readonly T[], name: string) => all.find((each) => nameOf(each) === name);
  return [...names].map((name) => [name, find(one, name), find(other, name)]);
}

function changes(before: readonly string[] = [], after: readonly string[] = []): string[] {
  const [longer] = [before, after].sort((one, two) => two.length - one.length);
  return (longer ?? []).map((_, index) =>
    before[index] === after[index] ? (before[index] ?? '') : `${before[index] ?? '-'} > ${after[index] ?? '-'}`,
  );
}

const outcomeHeads = [
  'MAILS',
  'DELIVERED',
  'P50',
  'P95',
  'P99',
  'MAX',
  'LATE',
  'EXPIRED',
  'FAILED',
  'RETRIED',
  'IN DOUBT',
  'TAKEN AS SENT',
  'HELD',
  'WAITING',
];

function outcomeCells(outcomes: Outcomes): string[] {
  const { mails, delivered, p50Ms, p95Ms, p99Ms, maxMs, late, expired, failed, retried, inDoubt, presumed, held, unfinished } = outcomes;
  const latencies = [p50Ms, p95Ms, p99Ms, maxMs].map((ms) => (ms === null ? '-' : showMs(ms)));
  return [String(mails), String(delivered), ...latencies, ...[late, expired, failed, retried, inDoubt, presumed, held, unfinished].map(String)];
}

const upstreamHeads = ['DELIVERED', 'PER SECOND', 'PEAK', 'LIMIT', 'OF LIMIT', 'TAKES', 'REFUSED BY RATE', 'OUT'];

function upstreamCells(upstream: UpstreamReport): string[] {
  const { delivered, mailsPerSecond, peakPerSecond, limits, limitPerSecond, refusedByRate, outageMs } = upstream;
  return [
    String(delivered),
    `${mailsPerSecond}/s`,
    `${peakPerSecond}/s`,
    ...limitCells(limits),
    limitPerSecond === null ? '-' : `${limitPerSecond}/s`,
    String(refusedByRate),
    outageMs === 0 ? '-' : showMs(outageMs),
  ];
}

/** Of several windows the one that came nearest to its limit. */
function limitCells(limits: readonly LimitReport[]): string[] {
  const [nearest] = limits.toSorted((one, other) => other.share - one.share);
  return nearest ? [`${nearest.limit}/${windowLetters[nearest.window]}`, `${Math.round(nearest.share * 100)} %`] : ['-', '-'];
}

const windowLetters: Readonly<Record<LimitReport['window'], string>> = { perSecond: 's', perMinute: 'm', perHour: 'h', perDay: 'd' };

/** Three digits that count: `142ms`, `1.42s`, `14.2m`. */
function showMs(ms: number): string {
  if (ms < 1_000) return formatDuration(Math.round(ms));
  const [length, unit] = units.find(([each]) => ms >= each) ?? [1_000, 's'];
  return `${Number((ms / length).toPrecision(3))}${unit}`;
}

const units: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
];

function bold(heads: readonly string[], paint: Paint): string[] {
  return heads.map((head) => paint('bold', head));
}
