import type { Instant } from './engine-input.ts';
import type { Lane } from './lane.ts';
import type { Place } from './ticket.ts';

/** Less than this is no jump: clocks drift, and are slewed back. */
const jumpMs = 1_000;

/** More jumps than anybody can explain; of what came before the oldest of them only the order is known. */
const mostPeriods = 32;

/** A stretch between two jumps that is over: how far ahead the wall clock was, and what had been read by then. */
export interface ClockPeriod {
  readonly skewMs: number;
  readonly seen: Readonly<Record<Lane | 'wait', number>>;
}

/** What a successor must know of the clock. */
export interface ClockMarks {
  readonly skewMs: number;
  readonly periods: readonly ClockPeriod[];
  /** By the steady clock. */
  readonly at: number;
}

/**
 * The wall clock as it would go had nobody set it: durations (retry delays, times to live, ages) are measured by it. It differs from the wall clock by the
 * skew, the sum of all jumps since the journal began, and a jump is seen as a change between wall clock and monotonic clock. The skew is journalled, so that
 * a replay and a successor measure the same.
 */
export class SteadyClock {
  /** How far the wall clock is ahead of this one. 0 as long as nobody has set it. */
  skewMs = 0;
  /** Oldest first. */
  #periods: readonly ClockPeriod[] = [];
  #offset: number | null = null;
  #wall = 0;
  #unrecorded = false;

  /** Looks at both clocks, and says whether the wall clock has jumped. `seen`: what has been read so far, asked for only then. */
  look({ wall, mono, sleptMs = 0 }: Instant, seen: () => ClockPeriod['seen']): boolean {
    const offset = wall - mono - sleptMs;
    const jump = offset - (this.#offset ?? offset);
    this.#offset = offset;
    this.#wall = wall;
    if (jump > -jumpMs && jump < jumpMs) return false;
    this.#jump(jump, seen());
    return true;
  }

  /** When it was looked at last, by this clock. */
  get now(): number {
    return this.steady(this.#wall);
  }

  /** The same time by this clock. */
  steady(wall: number): number {
    return wall - this.skewMs;
  }

  /** How far the wall clock was ahead when the mail came. */
  skewAt(place: Place): number {
    if (this.#periods.length === 0) return this.skewMs;
    const source = place.kind === 'wait' ? 'wait' : place.lane;
    return this.#periods.find(({ seen }) => place.sequence <= seen[source])?.skewMs ?? this.skewMs;
  }

  /** What is to be journalled, when it has changed since it was last asked for. */
  takeChange(): ClockMarks | undefined {
    if (!this.#unrecorded) return undefined;
    this.#unrecorded = false;
    return this.marks();
  }

  marks(): ClockMarks {
    return { skewMs: this.skewMs, periods: this.#periods, at: this.now };
  }

  /**
   * Goes on where an earlier owner's clock stood at least, which is all that can be known of the time between: a wall clock that was set back meanwhile would
   * make everything wait for so much longer.
   */
  restore(marks: ClockMarks | undefined, lastAt: number, now: Instant, seen: () => ClockPeriod['seen']): void {
    this.skewMs = marks?.skewMs ?? 0;
    this.#periods = marks?.periods ?? [];
    this.#offset = now.wall - now.mono - (now.sleptMs ?? 0);
    this.#wall = now.wall;
    const behind = lastAt - this.steady(now.wall);
    if (behind >= jumpMs) this.#jump(-behind, seen());
  }

  #jump(by: number, seen: ClockPeriod['seen']): void {
    this.#periods = [...this.#periods, { skewMs: this.skewMs, seen }].slice(-mostPeriods);
    this.skewMs += by;
    this.#unrecorded = true;
  }
}
