import { sharedNow } from '../shared-time.ts';

export interface ArrivalSummary {
  /** By the number of the mail; NaN: did not arrive. */
  readonly deliveredAt: Float64Array;
  readonly delivered: number;
  /** Mails that arrived more than once. */
  readonly duplicates: number;
}

/** When each mail of one run came. */
export class Arrivals {
  readonly #deliveredAt: Float64Array;
  #delivered = 0;
  #duplicates = 0;
  #lastAt = sharedNow();
  #awaited: { readonly count: number; readonly resolve: () => void } | undefined;

  constructor(capacity: number) {
    this.#deliveredAt = new Float64Array(capacity).fill(Number.NaN);
  }

  take(number: number): void {
    if (!Number.isNaN(this.#deliveredAt[number])) {
      this.#duplicates += 1;
      return;
    }
    this.#lastAt = sharedNow();
    this.#deliveredAt[number] = this.#lastAt;
    this.#delivered += 1;
    if (this.#awaited && this.#delivered >= this.#awaited.count) this.#awaited.resolve();
  }

  get delivered(): number {
    return this.#delivered;
  }

  /** Resolves when so many have come, or none has for `patienceMs`. */
  async whenDelivered(count: number, patienceMs: number): Promise<void> {
    if (this.#delivered >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited = { count, resolve };
    const since = sharedNow();
    const timer = setInterval(() => sharedNow() - Math.max(this.#lastAt, since) > patienceMs && resolve(), 250);
    await promise.finally(() => clearInterval(timer));
  }

  summary(): ArrivalSummary {
    return { deliveredAt: this.#deliveredAt, delivered: this.#delivered, duplicates: this.#duplicates };
  }
}
