/** When a deferred recipient is tried again, as data. */
export interface RetryPolicy {
  /** Wait before each retry, milliseconds. After the last one it becomes a dead letter. */
  readonly delaysMs: readonly number[];
}

export const defaultRetryPolicy: RetryPolicy = { delaysMs: [60_000, 300_000, 900_000] };

/** The time of the next try after `attempts` were spent, or null when there is none left. */
export function nextDue(policy: RetryPolicy, attempts: number, now: number): number | null {
  const delay = policy.delaysMs[attempts - 1];
  return delay === undefined ? null : now + delay;
}
