const spanSeconds = 60;
const latelySeconds = 5;

/** How often something has happened in each second of the last minute, on the monotonic clock. Counting costs one addition. */
export class Pace {
  readonly #counts = new Uint32Array(spanSeconds);
  #second = 0;
  /** The first second that was watched: the mean of a span that has just begun is not thinned by the time before it. */
  #since: number | null = null;

  count(mono: number): void {
    this.#moveTo(mono);
    const at = this.#second % spanSeconds;
    this.#counts[at] = (this.#counts[at] as number) + 1;
  }

  perSecond(mono: number): number {
    this.#moveTo(mono);
    if (this.#since === null) return 0;
    const watched = Math.min(spanSeconds, this.#second - this.#since + 1);
    return this.#counts.reduce((sum, count) => sum + count, 0) / watched;
  }

  /** In the last seconds, from the first on in which it happened: what is asked after a burst is how fast the burst was. */
  latelyPerSecond(mono: number): number {
    this.#moveTo(mono);
    let [sum, from] = [0, this.#second];
    for (let second = this.#second; second > this.#second - latelySeconds && second >= 0; second -= 1) {
      const count = this.#counts[second % spanSeconds] as number;
      sum += count;
      if (count > 0) from = second;
    }
    return sum / Math.max(1, mono / 1_000 - from);
  }

  #moveTo(mono: number): void {
    const second = Math.floor(mono / 1_000);
    this.#since ??= second;
    if (second === this.#second) return;
    const passed = Math.min(spanSeconds, second - this.#second);
    for (let step = 1; step <= passed; step += 1) this.#counts[(this.#second + step) % spanSeconds] = 0;
    this.#second = second;
  }
}
