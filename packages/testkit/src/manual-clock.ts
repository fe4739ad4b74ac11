import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@posthaste/telemetry';

interface Sleeper {
  /** On the monotonic clock, ms. */
  readonly due: number;
  readonly wake: () => void;
}

/** A clock that only moves when a test moves it. */
export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  #sleepers: Sleeper[] = [];

  /** `startMs` is the wall clock at the start; the monotonic one starts at 0. */
  constructor(startMs = Date.UTC(2030, 0, 1)) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** How many sleep now. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const sleeper: Sleeper = { due: this.#monotonic + ms, wake: () => settle(resolve) };
      const abort = () => settle(() => reject(signal?.reason as Error));
      const settle = (then: () => void) => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        signal?.removeEventListener('abort', abort);
        then();
      };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', abort);
    });
  }

  /**
   * Moves both clocks. Sleepers wake in the order of their times, each at its own time and with a turn of the event loop to go on and
   * sleep again, so that one call can play a whole chain of sleeps.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await nextTurn();
    for (let next = this.#earliest(); next !== undefined && next.due <= end; next = this.#earliest()) {
      this.#move(next.due - this.#monotonic);
      next.wake();
      await nextTurn();
    }
    this.#move(end - this.#monotonic);
  }

  /** The wall clock alone jumps, forward or back, as when it is set; no sleeper notices. */
  setWallClock(nowMs: number): void {
    this.#now = nowMs;
  }

  #move(ms: number): void {
    this.#now += ms;
    this.#monotonic += ms;
  }

  /** Of those due at one time, the one that fell asleep first. */
  #earliest(): Sleeper | undefined {
    return this.#sleepers.reduce<Sleeper | undefined>(
      (first, sleeper) => (first === undefined || sleeper.due < first.due ? sleeper : first),
      undefined,
    );
  }
}
