import { uptime } from 'node:os';

/** A smaller difference between the clocks is no sleep, and not worth the look. */
const leastMs = 1_000;

/**
 * How long the machine has slept (suspended, or its virtual machine was) since this was made. The monotonic clock stands still meanwhile and the wall clock does
 * not, so that a sleep looks like a wall clock that was set ahead; only the machine's uptime tells the one from the other.
 */
export class MachineSleep {
  readonly #uptimeMs: () => number;
  /** By how much the uptime was ahead of the monotonic clock, and the wall clock of it. */
  #uptimeAhead: number | null = null;
  #wallAhead = 0;
  #sleptMs = 0;

  constructor(uptimeMs = () => uptime() * 1_000) {
    this.#uptimeMs = uptimeMs;
  }

  /** Milliseconds. The uptime is read from a file, so it is asked for only when the clocks went apart. */
  sleptMs(wall: number, mono: number): number {
    const wallAhead = wall - mono;
    if (this.#uptimeAhead === null) this.#uptimeAhead = this.#uptimeMs() - mono;
    else if (Math.abs(wallAhead - this.#wallAhead) >= leastMs) {
      const slept = this.#uptimeMs() - mono - this.#uptimeAhead;
      this.#sleptMs = slept >= leastMs ? Math.round(slept) : 0;
    }
    this.#wallAhead = wallAhead;
    return this.#sleptMs;
  }
}
