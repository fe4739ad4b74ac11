/** Transactions that must have been seen before anything counts as unusual. */
const atLeast = 20;
/** The part that each transaction has in what is lately, and in what is usual where that turns out to be less. */
const lately = 0.2;
const downwards = 0.1;
/** What is slow for hours is usual in the end. */
const upwardsMs = 3_600_000;
const slowTimes = 4;
const slowFromMs = 2_000;

/** How long an upstream's transactions take, against how long they usually take. Milliseconds. */
export class Latency {
  #seen = 0;
  #latelyMs = 0;
  #usualMs = 0;
  #at = 0;

  /** Whether it has become slow. */
  note(tookMs: number, mono: number): boolean {
    if (this.#seen === 0) [this.#latelyMs, this.#usualMs, this.#at] = [tookMs, tookMs, mono];
    const part = tookMs < this.#usualMs ? downwards : Math.min(1, Math.max(0, mono - this.#at) / upwardsMs);
    this.#usualMs += part * (tookMs - this.#usualMs);
    this.#latelyMs += lately * (tookMs - this.#latelyMs);
    this.#at = mono;
    this.#seen += 1;
    return this.#latelyMs > slowFromMs && this.#latelyMs > slowTimes * this.#usualMs && this.#seen > atLeast;
  }
}
