import type { EnginePolicy } from './engine-state.ts';
import { limitWindows, type Limits, type UpstreamRule } from './upstream-rules.ts';

/** Which of how many. */
export interface PartitionOf {
  readonly partition: number;
  readonly partitions: number;
}

const countedBy = [...limitWindows, 'concurrency'] as const;

/**
 * The policy of one partition's engine: of every limit that is counted over all mail it has a fixed share, and all shares come to the limit exactly. So
 * whatever each engine does by itself, together they keep to it.
 */
export function policyOfPartition(policy: EnginePolicy, of: PartitionOf): EnginePolicy {
  if (of.partitions === 1) return policy;
  return {
    ...policy,
    upstreamRules: new Map([...policy.upstreamRules].map(([name, rule]) => [name, shareOfRule(rule, of)])),
    domainLimits: new Map([...policy.domainLimits].map(([domain, limits]) => [domain, shareOfLimits(limits, of)])),
  };
}

/** Limits that cannot be divided: some partition would have nothing of them, and its mail would wait for ever. As in `upstream main: perSecond is 1`. */
export function indivisibleLimits({ upstreamRules, domainLimits }: EnginePolicy, partitions: number): string[] {
  return [
    ...[...upstreamRules].flatMap(([name, { limits, maxConnections }]) => tooSmall(`upstream ${name}`, { ...limits, maxConnections }, partitions)),
    ...[...domainLimits].flatMap(([domain, limits]) => tooSmall(`domain ${domain}`, { ...limits }, partitions)),
  ];
}

function tooSmall(of: string, limits: Readonly<Record<string, number | undefined>>, partitions: number): string[] {
  return Object.entries(limits).flatMap(([kind, limit]) =>
    limit !== undefined && limit > 0 && limit < partitions ? [`${of}: ${kind} is ${limit}`] : [],
  );
}

function shareOfRule(rule: UpstreamRule, of: PartitionOf): UpstreamRule {
  const { limits, maxConnections } = rule;
  return { ...rule, limits: shareOfLimits(limits, of), ...(maxConnections === undefined ? {} : { maxConnections: shareOf(maxConnections, of) }) };
}

function shareOfLimits(limits: Limits, of: PartitionOf): Limits {
  const shares = countedBy.flatMap((kind) => {
    const limit = limits[kind];
    return limit === undefined ? [] : [[kind, shareOf(limit, of)]];
  });
  return Object.fromEntries(shares) as Limits;
}

/** The shares of all partitions sum to the limit, and differ by one at most. */
function shareOf(limit: number, { partition, partitions }: PartitionOf): number {
  return Math.floor((limit * (partition + 1)) / partitions) - Math.floor((limit * partition) / partitions);
}
