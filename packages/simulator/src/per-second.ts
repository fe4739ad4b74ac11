/** Counts by the second of virtual time. */
export class PerSecond {
  readonly #counts: number[] = [];
  total = 0;

  add(at: number): void {
    const second = Math.floor(at / 1_000);
    this.#counts[second] = (this.#counts[second] ?? 0) + 1;
    this.total += 1;
  }

  get peak(): number {
    return this.#counts.reduce((most, count) => Math.max(most, count ?? 0), 0);
  }

  /** In the busiest minute, a second. */
  get peakOfMinute(): number {
    let [inMinute, most] = [0, 0];
    for (let second = 0; second < this.#counts.length; second += 1) {
      inMinute += (this.#counts[second] ?? 0) - (this.#counts[second - 60] ?? 0);
      most = Math.max(most, inMinute);
    }
    return most / 60;
  }
}
