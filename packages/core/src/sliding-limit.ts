/** Freed slots come in so many steps to a window: what is rounded up costs half a percent at most, and a full window takes this many numbers. */
const stepsPerWindow = 200;
/**
 * The upstream counts where messages arrive, and not all are equally long on the way: one that was delayed must not meet those of the next window. What
 * differs by no more than this is not seen there as too many.
 */
const allowance = { share: 0.02, mostMs: 1_000 } as const;

/**
 * At most `limit` messages in any stretch of `windowMs`. A slot is taken before the message can go and freed one window, and what it may be
 * delayed on the way, after the latest moment at which it can have gone, so whatever has gone within a window holds a slot at its end: see docs/limits.md. Times are monotonic, milliseconds.
 */
export class SlidingLimit {
  readonly windowMs: number;
  /** How long a slot is held after its message went. */
  readonly holdMs: number;
  limit: number;
  readonly #stepMs: number;
  /** Taken, and nobody knows yet whether or when the message went. */
  #open = 0;
  #ending = 0;
  /** Steps at whose beginning slots become free, in order, and how many. */
  readonly #steps: number[] = [];
  readonly #counts: number[] = [];

  constructor(limit: number, windowMs: number) {
    this.limit = limit;
    this.windowMs = windowMs;
    this.holdMs = windowMs + Math.min(windowMs * allowance.share, allowance.mostMs);
    this.#stepMs = windowMs / stepsPerWindow;
  }

  used(mono: number): number {
    this.#expire(mono);
    return this.#open + this.#ending;
  }

  /** When a slot will be free if nothing is heard meanwhile; -Infinity: one is. Infinity: nobody knows. */
  freeAt(mono: number): number {
    let excess = this.used(mono) - this.limit + 1;
    if (excess <= 0) return -Infinity;
    for (const [place, step] of this.#steps.entries()) {
      excess -= this.#counts[place] as number;
      if (excess <= 0) return step * this.#stepMs;
    }
    return Infinity;
  }

  take(): void {
    this.#open += 1;
  }

  /** The message of a slot that was taken went at that moment at the latest. */
  end(latest: number): void {
    this.#open -= 1;
    this.endBy(latest + this.holdMs, 1);
  }

  /** It never went. */
  giveBack(): void {
    this.#open -= 1;
  }

  /** So many slots more that become free then. */
  endBy(freeAt: number, count: number): void {
    const step = Math.ceil(freeAt / this.#stepMs);
    let place = this.#steps.length;
    while (place > 0 && (this.#steps[place - 1] as number) > step) place -= 1;
    this.#ending += count;
    if (this.#steps[place - 1] === step) this.#counts[place - 1] = (this.#counts[place - 1] as number) + count;
    else {
      this.#steps.splice(place, 0, step);
      this.#counts.splice(place, 0, count);
    }
  }

  /** When how many of those become free that nobody has a say in any more. */
  endings(mono: number): readonly (readonly [freeAt: number, count: number])[] {
    this.#expire(mono);
    return this.#steps.map((step, place) => [step * this.#stepMs, this.#counts[place] as number]);
  }

  #expire(mono: number): void {
    let passed = 0;
    while (passed < this.#steps.length && (this.#steps[passed] as number) * this.#stepMs <= mono) {
      this.#ending -= this.#counts[passed] as number;
      passed += 1;
    }
    if (passed === 0) return;
    this.#steps.splice(0, passed);
    this.#counts.splice(0, passed);
  }
}
