/** What is configured of upstreams, groups of them, and destination domains: shapes that settings are read into and the engine goes by. */

/** The windows in which messages can be counted, milliseconds. */
export const limitWindowsMs = { perSecond: 1_000, perMinute: 60_000, perHour: 3_600_000, perDay: 86_400_000 } as const;

export type LimitWindow = keyof typeof limitWindowsMs;

export const limitWindows: readonly LimitWindow[] = ['perSecond', 'perMinute', 'perHour', 'perDay'];

/** Messages (transactions: MAIL FROM) that may be begun in any stretch of that length, and that may be under way at once. What is not given is not bounded. */
export interface Limits {
  readonly perSecond?: number;
  readonly perMinute?: number;
  readonly perHour?: number;
  readonly perDay?: number;
  /** Attempts at once. */
  readonly concurrency?: number;
}

export interface UpstreamRule {
  readonly limits: Limits;
  /** Connections at once, of all senders together. */
  readonly maxConnections?: number;
  /** What the upstream really allows is learned from its replies and its latency. */
  readonly adaptive: boolean;
}

/** By the upstream's name; one that is not named has no limits, and is learned. */
export type UpstreamRules = ReadonlyMap<string, UpstreamRule>;

/** By the recipient's domain in lower case; `*` bounds every domain that is not named, each by itself. */
export type DomainLimits = ReadonlyMap<string, Limits>;

/** Upstreams that stand in for each other. */
export interface UpstreamGroup {
  /** Routes lead to it by this name; no upstream has the same. */
  readonly name: string;
  readonly members: readonly GroupMember[];
  /** A less preferred member also takes mail while the preferred ones are at their limits; else only while they are down. */
  readonly overflow: boolean;
}

export interface GroupMember {
  readonly upstream: string;
  /** Lower is preferred. */
  readonly priority: number;
  /** Part of the mail beside other members of the same priority. */
  readonly weight: number;
}

/** When an upstream counts as down, and when as well again. */
export interface BreakerRule {
  /** Consecutive failures that open it: attempts or health checks that found the upstream unusable. */
  readonly failures: number;
  /** How long it must have been healthy before mail returns to it from a healthy alternative. */
  readonly healthyMs: number;
  /** Pause before the first probe of an upstream that is down; it doubles with each failed one. */
  readonly firstProbeMs: number;
  readonly longestProbeMs: number;
}

export const defaultBreaker: BreakerRule = { failures: 3, healthyMs: 300_000, firstProbeMs: 1_000, longestProbeMs: 30_000 };

/** Messages a second that these limits let through in the long run; Infinity without any. */
export function steadyRate(limits: Limits): number {
  return Math.min(...limitWindows.map((window) => ((limits[window] ?? Infinity) / limitWindowsMs[window]) * 1_000));
}
