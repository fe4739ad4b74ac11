interface Arrival {
  /** It came after this, and was read at that; monotonic, milliseconds. */
  readonly after: number;
  readonly readAt: number;
}

/**
 * When something came to this process. On a busy machine it is read late, and what is read late lies nearer to what follows than when it came. So each
 * arrival has bounds: it was not there yet when sockets were looked at last, which was after the tick before the last one, because timers run at most once
 * between two looks.
 */
export class ArrivalTimes {
  readonly #arrivals: Arrival[] = [];
  readonly #ticking: NodeJS.Timeout;
  #lastTick = performance.now();
  #tickBefore = this.#lastTick;

  constructor() {
    this.#ticking = setInterval(() => this.#tick(), 1);
  }

  /** Called as soon as it is read. */
  note(): void {
    this.#arrivals.push({ after: this.#tickBefore, readAt: performance.now() });
  }

  /** The most that have certainly come within any stretch of this length. */
  mostWithin(lengthMs: number): number {
    const within = (from: number) => this.#arrivals.filter(({ after, readAt }) => after >= from && readAt < from + lengthMs).length;
    return Math.max(0, ...this.#arrivals.map(({ after }) => within(after)));
  }

  /**
   * The shortest time from one arrival to that `count` later, of those from a moment on. Whole windows, wherever one begins: within a window they
   * may come all at once.
   */
  shortestFor(count: number, from = -Infinity): number {
    const times = this.#arrivals.map(({ readAt }) => readAt).filter((readAt) => readAt >= from);
    return Math.min(...times.slice(count).map((readAt, index) => readAt - (times[index] as number)));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ticking);
  }

  #tick(): void {
    this.#tickBefore = this.#lastTick;
    this.#lastTick = performance.now();
  }
}
