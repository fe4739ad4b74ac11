/**
 * How long the scheduler counts this sender as alive, told without being told. The scheduler counts `lengthMs` from each heartbeat that
 * reaches it; which ones do, it does not say. But it ends a stream on which it hears nothing for `silenceMs`. So whatever it says on a
 * live stream proves that it has heard from us at most `silenceMs` before it spoke, and it cannot have spoken later than we hear it.
 *
 * The rule: the lease lasts until `lengthMs - silenceMs` after our last word before the last word that we heard. Our last word, not the time of
 * hearing, so that a program that was stopped and finds old words waiting gains nothing by them. A program that was silent itself for
 * `silenceMs` must end the stream (dispatch-link.ts does), for its next word may come too late. Words under way for seconds while the
 * other direction is dead would break the reasoning; TCP's order and the silence limit on our side leave no more than that.
 */
export class Lease {
  readonly #silenceMs: number;
  #lengthMs = 0;
  #lastWordAt = Number.NEGATIVE_INFINITY;
  #endsAt = Number.NEGATIVE_INFINITY;
  #term = 0;

  constructor(options: { readonly silenceMs: number }) {
    this.#silenceMs = options.silenceMs;
  }

  /** We wrote a hello or a heartbeat. Times are monotonic milliseconds. */
  spoke(at: number): void {
    this.#lastWordAt = at;
  }

  /** The welcome said how long. */
  setLength(ms: number): void {
    this.#lengthMs = ms;
  }

  /** The scheduler said anything on the present stream. */
  heard(at: number): void {
    if (at >= this.#endsAt) this.#term += 1;
    this.#endsAt = this.#lastWordAt + this.#lengthMs - this.#silenceMs;
  }

  /** An attempt belongs to the term in which it came: once a term has ended, its attempts may be another sender's, whatever comes after. */
  get term(): number {
    return this.#term;
  }

  holds(term: number, at: number): boolean {
    return term === this.#term && at < this.#endsAt;
  }
}
