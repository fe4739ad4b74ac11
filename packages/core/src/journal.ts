import type { Reason } from './reason.ts';
import type { Place, Ticket } from './ticket.ts';

/** An upstream's reply (RFC 5321, 4.2), or our own words in its form. */
export interface Reply {
  /** Three digits; 0 when there was no reply, only an error. */
  readonly code: number;
  /** Enhanced status code (RFC 3463) such as `4.2.2`; absent when the upstream gave none. */
  readonly enhanced?: string;
  readonly text: string;
}

/**
 * What the scheduler records. JOURNAL holds these in order, in batches; state is what `apply` makes of them.
 * `recipients` are indexes into the ticket's recipients. `at` is wall clock, milliseconds since the epoch.
 */
export type JournalEvent = Accepted | Started | Delivered | Deferred | Failed | Doubted | Returned | Expired | Moved;

/** The scheduler has read the ticket. */
export interface Accepted {
  readonly kind: 'accepted';
  readonly at: number;
  readonly id: string;
  readonly ticket: Ticket;
  readonly place: Place;
}

interface OfAttempt {
  readonly at: number;
  readonly id: string;
  /** `<epoch>.<number>`, unique for ever. */
  readonly attempt: string;
  readonly recipients: readonly number[];
}

/** An attempt was handed to a sender: one transaction for these recipients. */
export interface Started extends OfAttempt {
  readonly kind: 'started';
  readonly upstream: string;
  readonly sender: string;
}

export interface Delivered extends OfAttempt {
  readonly kind: 'delivered';
  readonly tenant: string;
  readonly reply: Reply;
  /** Begin of the transaction to final reply, milliseconds. */
  readonly tookMs?: number | undefined;
}

/** A transient failure: to be tried again at `due`. */
export interface Deferred extends OfAttempt {
  readonly kind: 'deferred';
  readonly reason: Reason;
  readonly reply: Reply;
  readonly due: number;
}

/** Final: a dead letter. */
export interface Failed extends OfAttempt {
  readonly kind: 'failed';
  readonly tenant: string;
  readonly reason: Reason;
  readonly reply: Reply;
}

/** It may have been delivered; tried again at `due`, or not, as the policy says. */
export interface Doubted extends OfAttempt {
  readonly kind: 'doubted';
  readonly tenant: string;
  readonly reply: Reply;
}

/** Given back untried: no attempt spent; ready again at once, or at `due` when the trouble is our own. */
export interface Returned extends OfAttempt {
  readonly kind: 'returned';
  readonly reason: Reason;
  readonly reply?: Reply | undefined;
  readonly due?: number | undefined;
}

/** Final: its deadline passed. */
export interface Expired {
  readonly kind: 'expired';
  readonly tenant: string;
  readonly at: number;
  readonly id: string;
  readonly recipients: readonly number[];
}

/** The mail's copy in WAIT is what counts from now on; its entry in MAIL can be trimmed. */
export interface Moved {
  readonly kind: 'moved';
  readonly at: number;
  readonly id: string;
  readonly place: Place;
}

/** One entry of JOURNAL on `journal.<p>.events`: who wrote it, and what happened, in order. */
export interface JournalEntry {
  readonly epoch: number;
  /** The owner's name; in the first entry of an epoch it stands beside an empty list. */
  readonly owner: string;
  readonly events: readonly JournalEvent[];
}
