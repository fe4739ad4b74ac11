import { setTimeout as delay } from 'node:timers/promises';

/**
 * The one source of time of a program. Everything that decides by time takes a Clock, so that tests can move it by hand.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump. */
  now(): number;
  /** Monotonic clock in milliseconds, for leases, timeouts and durations. Never jumps back. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Node fires a timer beyond this at once, so longer sleeps are chained. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    const end = performance.now() + ms;
    for (let left = ms; left > 0; left = end - performance.now()) {
      await delay(Math.min(left, longestTimerMs), undefined, signal ? { signal } : {});
    }
  },
};
