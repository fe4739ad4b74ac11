import type { Census, Engine } from '@posthaste/core';
import type { Clock } from '@posthaste/telemetry';
import { censusEveryMs } from './metrics.ts';

/** What was last counted of the index, for metrics and for who asks: walking it takes time in proportion to it, so it is not walked for each of them. */
export class Figures {
  readonly #engine: Engine;
  readonly #clock: Clock;
  #counted: { readonly census: Census; readonly takenAt: number; readonly monotonic: number } | undefined;
  /** Entries stored and not read yet. */
  unread = 0;

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** The count, and when it was taken by the wall clock; anew when the last one is old for the size of the index. */
  count(): { readonly census: Census; readonly takenAt: number } {
    const monotonic = this.#clock.monotonic();
    if (!this.#counted || monotonic - this.#counted.monotonic >= censusEveryMs(this.#engine))
      this.#counted = { census: this.#engine.census(), takenAt: this.#clock.now(), monotonic };
    return this.#counted;
  }
}
