/**
 * How late the scheduler's words arrive, without asking what time it is there: each says when it was written by the scheduler's monotonic clock, and the word
 * that came soonest tells how far the two clocks are apart. What a word took more than that one it stood in a queue, and a mail's time ran on.
 */
export class Transit {
  #least = Number.POSITIVE_INFINITY;

  /** Milliseconds, of a word written at `writtenAt` by the scheduler's clock and heard at `heardAt` by ours. */
  lateness(writtenAt: number, heardAt: number): number {
    const apart = heardAt - writtenAt;
    this.#least = Math.min(this.#least, apart);
    return apart - this.#least;
  }
}
