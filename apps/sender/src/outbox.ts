import { create } from '@bufbuild/protobuf';
import { type AttemptOutcome, BegunSchema, type DispatchRequest, ReportSchema } from '@posthaste/protocol/dispatch';

/** Says something on the present stream; false when there is none. */
export type Say = (said: DispatchRequest['said']) => boolean;

/**
 * Gathers what is to be said within one turn of the event loop: many transactions begin and end in the same turn, and one message for all costs
 * little more than one for each.
 */
export class Outbox {
  readonly #say: Say;
  #begun: { readonly attemptId: string; readonly settle: (said: boolean) => void }[] = [];
  #outcomes: AttemptOutcome[] = [];
  #scheduled = false;
  #closed = false;

  constructor(say: Say) {
    this.#say = say;
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
    if (this.#outcomes.length === 0) return;
    // What is not said now stands in the next hello: the workload keeps every outcome until it is acknowledged.
    this.#say({ case: 'report', value: create(ReportSchema, { outcomes: this.#outcomes }) });
    this.#outcomes = [];
  }
}
