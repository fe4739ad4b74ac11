import { type Census, type Engine, Fleet, type FleetNeed, type FleetPolicy } from '@posthaste/core';
import type { Clock } from '@posthaste/telemetry';
import { censusEveryMs } from './metrics.ts';

/** The index as it was counted. */
interface Counted {
  readonly census: Census;
  /** When it was so, wall clock. */
  readonly takenAt: number;
  /** When the counting was over, monotonic, and how long it took. */
  readonly doneAt: number;
  readonly tookMs: number;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Counting for who asks takes this share of the time at most. */
const countingShare = 0.1;

/**
 * What was last counted of the index, for metrics and for who asks: walking it takes time in proportion to it, so it is not walked for each of them, and in pieces,
 * between which mail goes on.
 */
export class Figures {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #fleet: Fleet;
  #last: Counted | undefined;
  /** Those who ask meanwhile share the answer. */
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
    const destinations = this.#last?.census.destinations ?? [];
    const readings = this.#engine.readDestinations().map((reading, index) => ({ ...reading, late: destinations[index]?.late ?? 0 }));
    return this.#fleet.observe(readings, this.#engine.senders().length, { wall: this.#clock.now(), mono: this.#clock.monotonic() });
  }

  /** For metrics: the rarer the larger the index is. */
  count(): Promise<Counted> {
    return this.#notOlderThan(censusEveryMs(this.#engine));
  }

  /** For who asks now. */
  recent(): Promise<Counted> {
    return this.#notOlderThan((this.#last?.tookMs ?? 0) / countingShare);
  }

  async #notOlderThan(mostMs: number): Promise<Counted> {
    if (this.#last && this.#clock.monotonic() - this.#last.doneAt < mostMs) return this.#last;
    this.#counting ??= this.#countInPieces().finally(() => (this.#counting = undefined));
    return this.#counting;
  }

  async #countInPieces(): Promise<Counted> {
    const takenAt = this.#clock.now();
    const walk = this.#engine.countIndex(takenAt);
    for (let tookMs = 0; ; await turn()) {
      const begun = this.#clock.monotonic();
      const step = walk.next();
      const doneAt = this.#clock.monotonic();
      tookMs += doneAt - begun;
      if (step.done) return (this.#last = { census: step.value, takenAt, doneAt, tookMs });
    }
  }
}
