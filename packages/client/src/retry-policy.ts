/** How a call that failed for a passing reason is repeated. Data: `delays(policy)` lists what it comes to. */
export interface RetryPolicy {
  /** How often a call is made in all, the first time included. 1 never repeats. Default: 25, so that it is the time which ends a call's patience. */
  readonly maxAttempts: number;
  /** Upper bound of the first wait, milliseconds. Default: 100. */
  readonly firstDelayMs: number;
  /** What each bound is multiplied by for the next. Default: 2. */
  readonly factor: number;
  /** No bound is above this, milliseconds. Default: 5,000. */
  readonly maxDelayMs: number;
  /**
   * One attempt takes no longer than this, milliseconds; then it is given up and repeated. Longer than the 20 s for which a server by default tries
   * to store a message, so that its own answer comes first. Default: 25,000.
   */
  readonly attemptTimeoutMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { maxAttempts: 25, firstDelayMs: 100, factor: 2, maxDelayMs: 5_000, attemptTimeoutMs: 25_000 };

/**
 * Upper bounds of the waits between attempts, in milliseconds. The wait itself is drawn evenly from 0 to the bound (full jitter), so that clients that
 * failed together do not come back together; what the server asks for in RetryInfo is added to it.
 */
export function delays({ maxAttempts, firstDelayMs, factor, maxDelayMs }: RetryPolicy): number[] {
  return Array.from({ length: Math.max(0, maxAttempts - 1) }, (_, attempt) => Math.min(maxDelayMs, firstDelayMs * factor ** attempt));
}
