import type { ClientClock } from './clock.ts';
import { errorFromCall } from './error-from-wire.ts';
import type { PosthasteError } from './posthaste-error.ts';
import { delays, type RetryPolicy } from './retry-policy.ts';

export interface Patience {
  readonly policy: RetryPolicy;
  readonly clock: ClientClock;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** What one attempt may take. */
export interface AttemptOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What a call with all its attempts may take. */
export interface CallLimits {
  /** For all attempts and the waits between them; Infinity: no end. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Repeats what fails for a passing reason, and throws a PosthasteError when it will not pass or the time is over. */
export async function withRetries<T>(patience: Patience, limits: CallLimits, attempt: (options: AttemptOptions) => Promise<T>): Promise<T> {
  const { policy, clock } = patience;
  const end = clock.monotonic() + limits.timeoutMs;
  const bounds = delays(policy);
  for (let failed = 0; ; failed += 1) {
    try {
      return await attempt(attemptOptions(policy, end - clock.monotonic(), limits.signal));
    } catch (thrown) {
      const error = errorFromCall(thrown, limits.signal);
      const bound = bounds[failed];
      if (!error.retryable || bound === undefined) throw error;
      await pause(patience, { error, bound, end, signal: limits.signal });
    }
  }
}

function attemptOptions(policy: RetryPolicy, leftMs: number, signal: AbortSignal | undefined): AttemptOptions {
  if (signal?.aborted === true) throw errorFromCall(signal.reason, signal);
  // A whole number above zero: that is what the header takes, and 0 would mean no limit.
  const timeoutMs = Math.max(1, Math.ceil(Math.min(leftMs, policy.attemptTimeoutMs)));
  return { timeoutMs, ...(signal && { signal }) };
}

interface Pause {
  readonly error: PosthasteError;
  readonly bound: number;
  readonly end: number;
  readonly signal: AbortSignal | undefined;
}

/** Waits for the next attempt, or throws the error when there is no time for one. */
export async function pause({ clock, random }: Patience, { error, bound, end, signal }: Pause): Promise<void> {
  const waitMs = (error.retryAfterMs ?? 0) + random() * bound;
  if (clock.monotonic() + waitMs >= end) throw error;
  try {
    await clock.sleep(waitMs, signal);
  } catch (reason) {
    throw errorFromCall(reason, signal);
  }
}
