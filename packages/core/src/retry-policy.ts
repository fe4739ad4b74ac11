/** When a refused recipient is tried again, as data. */
export type RetryPolicy = FixedDelays | ExponentialDelays;

export interface FixedDelays {
  readonly kind: 'fixed';
  /** Wait before each retry, milliseconds. None: it is never tried again. */
  readonly delaysMs: readonly number[];
  /** No retry later than this after the mail was accepted (or was due); absent: as for all. */
  readonly maxAgeMs?: number;
}

export interface ExponentialDelays {
  readonly kind: 'exponential';
  /** Wait before the first retry, milliseconds. */
  readonly baseMs: number;
  /** Each further wait is so many times the one before. */
  readonly factor: number;
  /** No wait is longer. */
  readonly capMs: number;
  readonly retries: number;
  /** `full`: any time from a second to the wait, so that what was refused together does not come back together. */
  readonly jitter: 'none' | 'full';
  readonly maxAgeMs?: number;
}

/** The shortest and the longest that a wait can be, milliseconds. */
export interface Span {
  readonly leastMs: number;
  readonly mostMs: number;
}

const leastJitteredMs = 1_000;

/** The wait before a retry, the first of which is number 1; null when the policy has no such retry. */
export function waitBefore(policy: RetryPolicy, retry: number): Span | null {
  const mostMs = longestWait(policy, retry);
  if (mostMs === undefined) return null;
  const jittered = policy.kind === 'exponential' && policy.jitter === 'full';
  return { leastMs: jittered ? Math.min(leastJitteredMs, mostMs) : mostMs, mostMs };
}

function longestWait(policy: RetryPolicy, retry: number): number | undefined {
  if (policy.kind === 'fixed') return policy.delaysMs[retry - 1];
  if (retry < 1 || retry > policy.retries) return undefined;
  return Math.min(policy.capMs, Math.round(policy.baseMs * policy.factor ** (retry - 1)));
}

/**
 * What the upstream asked for is obeyed: nothing comes back sooner. The first retry waits for just that, so that greylisted mail is not kept longer than it
 * must be; a later one for whichever is longer, so that an upstream that always says "in 1 second" does not use up all retries in a moment.
 */
export function obeyHint(span: Span, retry: number, hintMs: number | null): Span {
  if (hintMs === null) return span;
  if (retry === 1) return { leastMs: hintMs, mostMs: hintMs };
  return { leastMs: Math.max(span.leastMs, hintMs), mostMs: Math.max(span.mostMs, hintMs) };
}
