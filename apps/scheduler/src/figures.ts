import { type Census, type Engine, Fleet, type FleetNeed, type FleetPolicy } from '@posthaste/core';
import type { Clock } from '@posthaste/telemetry';
import { censusEveryMs } from './metrics.ts';

/** The index as it was counted at `takenAt`, wall clock. */
interface Counted {
  readonly census: Census;
  readonly takenAt: number;
  /** Until then it is new enough, monotonic. */
  readonly until: number;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Counting for who asks takes this share of the time at most. */
const countingShare = 0.1;

/** What was last counted of the index, for metrics and for who asks: walking it takes time in proportion to it, so it is not walked for each of them. */
export class Figures {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #fleet: Fleet;
  #counted: Counted | undefined;
  #recent: Counted | undefined;
  #counting: Promise<Counted> | undefined;
  /** Entries stored and not read yet. */
  unread = 0;

  constructor(engine: Engine, clock: Clock, fleet: FleetPolicy) {
    this.#engine = engine;
    this.#clock = clock;
    this.#fleet = new Fleet(fleet);
  }

  /** How many senders there should be, as it was last observed. */
  get fleet(): FleetNeed {
    return this.#fleet.need;
  }

  /** To be called regularly: senders are measured from one call to the next. What is late is as it was last counted. */
  observeFleet(): FleetNeed {
    const { destinations } = this.count().census;
    const readings = this.#engine.readDestinations().map((reading, index) => ({ ...reading, late: destinations[index]?.late ?? 0 }));
    return this.#fleet.observe(readings, this.#engine.senders().length, { wall: this.#clock.now(), mono: this.#clock.monotonic() });
  }

  /** For metrics: counted in one go, so that the difference is exact, and the rarer the larger the index is. */
  count(): Counted {
    const monotonic = this.#clock.monotonic();
    if (!this.#counted || monotonic >= this.#counted.until) {
      const takenAt = this.#clock.now();
      this.#counted = { census: this.#engine.census(takenAt), takenAt, until: monotonic + censusEveryMs(this.#engine) };
    }
    return this.#counted;
  }

  /** For who asks now: counted in pieces, between which mail goes on. Those who ask meanwhile share the answer. */
  async recent(): Promise<Counted> {
    if (this.#recent && this.#clock.monotonic() < this.#recent.until) return this.#recent;
    this.#counting ??= this.#countInPieces().finally(() => (this.#counting = undefined));
    return this.#counting;
  }

  async #countInPieces(): Promise<Counted> {
    let tookMs = 0;
    const walk = this.#engine.countIndex(this.#clock.now());
    for (;;) {
      const begun = this.#clock.monotonic();
      const step = walk.next();
      tookMs += this.#clock.monotonic() - begun;
      if (step.done) {
        this.#recent = { census: step.value, takenAt: this.#clock.now(), until: this.#clock.monotonic() + tookMs / countingShare };
        return this.#recent;
      }
      await turn();
    }
  }
}
