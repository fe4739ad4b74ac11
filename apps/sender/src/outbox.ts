import { create } from '@bufbuild/protobuf';
import { type AttemptOutcome, BegunSchema, type DispatchRequest, ReportSchema, WrittenSchema } from '@posthaste/protocol/dispatch';
import type { Clock } from '@posthaste/telemetry';

/** Says something on the present stream; false when there is none. */
export type Say = (said: DispatchRequest['said']) => boolean;

/**
 * Gathers what is to be said within one turn of the event loop: many transactions begin and end in the same turn, and one message for all costs
 * little more than one for each.
 */
export class Outbox {
  readonly #say: Say;
  readonly #clock: Clock;
  #begun: { readonly attemptId: string; readonly settle: (said: boolean) => void }[] = [];
  #written: { readonly attemptId: string; readonly at: number }[] = [];
  #outcomes: AttemptOutcome[] = [];
  #scheduled = false;
  #closed = false;

  constructor(say: Say, clock: Clock) {
    this.#say = say;
    this.#clock = clock;
  }

  /** True when it has been said on a stream: while there is none it waits, and so does MAIL FROM. False when nothing is to begin any more. */
  announce(attemptId: string): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#begun.push({ attemptId, settle: resolve });
      this.#schedule();
    });
  }

  /** No transaction begins any more. Outcomes are still reported. */
  closeAnnouncements(): void {
    this.#closed = true;
    for (const { settle } of this.#begun) settle(false);
    this.#begun = [];
  }

  /** MAIL FROM was handed to the socket now. How long ago that is by then is told when it is said: on the next stream, when there is none. */
  mailWritten(attemptId: string): void {
    this.#written.push({ attemptId, at: this.#clock.monotonic() });
    this.#schedule();
  }

  report(outcomes: readonly AttemptOutcome[]): void {
    if (outcomes.length === 0) return;
    this.#outcomes.push(...outcomes);
    this.#schedule();
  }

  /** A stream is open: says what waited for it. */
  resume(): void {
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const begun = this.#begun;
    if (begun.length > 0 && this.#say({ case: 'begun', value: create(BegunSchema, { attemptIds: begun.map(({ attemptId }) => attemptId) }) })) {
      this.#begun = [];
      for (const { settle } of begun) settle(true);
    }
    this.#sayWritten();
    if (this.#outcomes.length === 0) return;
    // What is not said now stands in the next hello: the workload keeps every outcome until it is acknowledged.
    this.#say({ case: 'report', value: create(ReportSchema, { outcomes: this.#outcomes }) });
    this.#outcomes = [];
  }

  #sayWritten(): void {
    if (this.#written.length === 0) return;
    const now = this.#clock.monotonic();
    // Rounded down: who thinks it written later than it was holds its place in the limit for longer, and never too short.
    const attempts = this.#written.map(({ attemptId, at }) => ({ attemptId, ageMs: Math.floor(now - at) }));
    if (this.#say({ case: 'written', value: create(WrittenSchema, { attempts }) })) this.#written = [];
  }
}
