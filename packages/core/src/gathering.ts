import type { ReadyQueue } from './ready-queue.ts';

/** How attempts are put together for a sender. */
export interface BatchPolicy {
  /** Attempts in one message to a sender. */
  readonly size: number;
  /** How long mail may wait for that many to come together, milliseconds; 0: not at all. */
  readonly waitMs: number;
}

/**
 * Whether the mail of one queue waits for more to go with it. It begins to wait when it comes into an empty queue and ends for all that is there: when a
 * batch is full, when an immediate mail comes, or one of a further lane that is stored with those, which takes the others along, or when the wait is over. What is left after that for want
 * of room goes as room comes; only a queue that has been empty waits again.
 */
export class Gathering {
  #until: number | null = null;

  /** Monotonic; null while nothing is waited for. */
  get until(): number | null {
    return this.#until;
  }

  /** A mail comes that should be begun within `leftMs`: with less than twice the wait left it waits for nobody. */
  join(queue: ReadyQueue, leftMs: number, { waitMs }: BatchPolicy, mono: number): void {
    if (leftMs < 2 * waitMs) this.#until = null;
    else if (queue.size === 0) this.#until = mono + waitMs;
  }

  /** Whether nothing of the queue goes yet. */
  waits(queue: ReadyQueue, { size }: BatchPolicy, mono: number): boolean {
    if (this.#until === null) return false;
    if (mono >= this.#until || queue.size >= size || queue.holdsImmediate()) this.#until = null;
    return this.#until !== null;
  }
}
