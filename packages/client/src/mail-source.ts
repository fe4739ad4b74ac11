import type { ClientClock } from './clock.ts';
import { errorFromCall } from './error-from-wire.ts';
import type { Mail } from './mail.ts';

type Next = IteratorResult<Mail, unknown>;

/** A producer's mails, one at a time and none before it is wanted. What was asked for is not lost when the asker goes away. */
export class MailSource {
  readonly #mails: Iterator<Mail> | AsyncIterator<Mail>;
  readonly #clock: ClientClock;
  readonly #signal: AbortSignal | undefined;
  #coming: Promise<Next> | undefined;

  constructor(mails: Iterable<Mail> | AsyncIterable<Mail>, clock: ClientClock, signal: AbortSignal | undefined) {
    this.#mails = Symbol.asyncIterator in mails ? mails[Symbol.asyncIterator]() : mails[Symbol.iterator]();
    this.#clock = clock;
    this.#signal = signal;
  }

  /** The next mail, left where it is; undefined when none came within `withinMs`. */
  async peek(withinMs = Number.POSITIVE_INFINITY): Promise<Next | undefined> {
    this.#coming ??= Promise.resolve(this.#mails.next());
    const timer = new AbortController();
    const signal = this.#signal ? AbortSignal.any([this.#signal, timer.signal]) : timer.signal;
    try {
      return await Promise.race([this.#coming, this.#over(withinMs, signal)]);
    } finally {
      timer.abort();
    }
  }

  /** The mail that was peeked at is taken. */
  take(): void {
    this.#coming = undefined;
  }

  /** No more is wanted. A producer that is still thinking is told, and not waited for. */
  async close(): Promise<void> {
    const closed = Promise.resolve(this.#mails.return?.());
    if (this.#coming === undefined) await closed;
    else Promise.all([this.#coming, closed]).catch(() => {});
  }

  async #over(withinMs: number, signal: AbortSignal): Promise<undefined> {
    // Beyond this a timer fires at once.
    const longestMs = 2 ** 31 - 1;
    try {
      do await this.#clock.sleep(Math.min(withinMs, longestMs), signal);
      while (withinMs > longestMs);
    } catch (reason) {
      if (this.#signal?.aborted === true) throw errorFromCall(reason, this.#signal);
    }
  }
}
