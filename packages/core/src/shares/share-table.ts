import { limitWindows, type Limits, type LimitWindow } from '../upstream-rules.ts';
import type { EnginePolicy } from '../engine-state.ts';

/** What a limit counts: messages in a window, attempts at once, connections at once. */
export type ShareKind = LimitWindow | 'concurrency' | 'connections';

const shareKinds: readonly ShareKind[] = [...limitWindows, 'concurrency', 'connections'];

/** So much of each kind. */
export interface Share extends Limits {
  readonly connections?: number;
}

/** By scope: `upstream:main`, `domain:example.net`; `domain:*` is for every domain that has none of its own. */
export type ShareMap = ReadonlyMap<string, Share>;

/** How the limits of one scope are divided. */
export interface ShareRow {
  /** What each partition may use, by its number; one beyond the end has nothing. */
  readonly shares: Readonly<Partial<Record<ShareKind, readonly number[]>>>;
  /** Partitions whose mail waits for it. */
  readonly asking: readonly number[];
}

/**
 * How all limits are divided among the partitions, which their owners share: nobody uses more than it says, so that it is the truth of who may use what, whoever
 * comes and goes. Without any table partition 0 has everything: it was the only one. A limit without a row is divided evenly, and a domain without one goes by `domain:*`.
 */
export interface ShareTable {
  /** The epoch in which each partition's owner claimed it. An older owner has no say any more. */
  readonly epochs: readonly number[];
  readonly rows: Readonly<Record<string, ShareRow>>;
}

/** Which of how many. */
export interface PartitionOf {
  readonly partition: number;
  readonly partitions: number;
}

export const upstreamScope = (name: string) => `upstream:${name}`;
export const domainScope = (domain: string) => `domain:${domain}`;
export const anyDomain = domainScope('*');

/** All limits that are configured, whole. */
export function budgetsOf({ upstreamRules, domainLimits }: Pick<EnginePolicy, 'upstreamRules' | 'domainLimits'>): ShareMap {
  const upstreams = [...upstreamRules].map(([name, { limits, maxConnections }]): [string, Share] => [
    upstreamScope(name),
    { ...limits, ...(maxConnections === undefined ? {} : { connections: maxConnections }) },
  ]);
  const domains = [...domainLimits].map(([domain, limits]): [string, Share] => [domainScope(domain), limits]);
  return new Map([...upstreams, ...domains].filter(([, budget]) => Object.keys(budget).length > 0));
}

/** Limits that cannot be divided: some partition would have nothing of them, and its mail would wait for ever. As in `upstream main: perSecond is 1`. */
export function indivisibleLimits(policy: Pick<EnginePolicy, 'upstreamRules' | 'domainLimits'>, partitions: number): string[] {
  return [...budgetsOf(policy)].flatMap(([scope, budget]) =>
    kindsOf(budget).flatMap((kind) => {
      const limit = budget[kind] ?? 0;
      return limit > 0 && limit < partitions ? [`${scope.replace(':', ' ')}: ${nameOf(kind)} is ${limit}`] : [];
    }),
  );
}

const nameOf = (kind: ShareKind) => (kind === 'connections' ? 'maxConnections' : kind);

export function kindsOf(share: Share): ShareKind[] {
  return shareKinds.filter((kind) => share[kind] !== undefined);
}

/** The even parts of all partitions come to the limit exactly, and differ by one at most. */
export function evenPart(limit: number, partition: number, partitions: number): number {
  return Math.floor((limit * (partition + 1)) / partitions) - Math.floor((limit * partition) / partitions);
}

export function evenParts(limit: number, partitions: number): number[] {
  return Array.from({ length: partitions }, (_, partition) => evenPart(limit, partition, partitions));
}

/** As long as there are partitions: those that are new have nothing yet. */
export function padded(shares: readonly number[], partitions: number): number[] {
  return Array.from({ length: Math.max(partitions, shares.length) }, (_, partition) => shares[partition] ?? 0);
}

export function sumOf(shares: readonly number[]): number {
  return shares.reduce((sum, share) => sum + share, 0);
}
