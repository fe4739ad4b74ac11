import type { WrittenLane } from './lane.ts';
import type { Command, Progress } from './operation/command.ts';
import type { Suspension } from './operation/suspension.ts';
import type { Reason } from './reason.ts';
import type { RecipientState } from './recipient.ts';
import type { ClockMarks } from './steady-clock.ts';
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
export type JournalEvent = MailEvent | OperatorEvent;

/** What happens to a mail: `id` is the mail's. */
export type MailEvent =
  | Accepted
  | Started
  | Delivered
  | Deferred
  | Failed
  | Doubted
  | Returned
  | Expired
  | Moved
  | Held
  | Released
  | Cancelled
  | Rescheduled
  | Redirected
  | LaneChanged
  | Revived;

/** What an operator asks for, or what concerns no mail in the index: `id` is the command's, the suspension's or the dead letter's. */
export type OperatorEvent = Commanded | CommandEnded | Suspended | Lifted | Purged;

export function isOfMail(event: JournalEvent): event is MailEvent {
  switch (event.kind) {
    case 'commanded':
    case 'commandEnded':
    case 'suspended':
    case 'lifted':
    case 'purged':
      return false;
    default:
      return true;
  }
}

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
  /** Keys of the limits that it counts for; absent: none. */
  readonly limits?: readonly string[];
}

export interface Delivered extends OfAttempt {
  readonly kind: 'delivered';
  readonly tenant: string;
  readonly reply: Reply;
  /** Begin of the transaction to final reply, milliseconds. */
  readonly tookMs?: number | undefined;
  /** Its final reply was lost, and the lane's policy takes it as sent. */
  readonly presumed?: true | undefined;
}

/** A transient failure: to be tried again at `due`. */
export interface Deferred extends OfAttempt {
  readonly kind: 'deferred';
  readonly reason: Reason;
  readonly reply: Reply;
  readonly due: number;
  /** How far the wall clock, by which `due` is told, was ahead of the steady one; absent for 0. */
  readonly skewMs?: number | undefined;
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
  /** As in Deferred. */
  readonly skewMs?: number | undefined;
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

interface Intervened {
  readonly at: number;
  readonly id: string;
  readonly author: string;
  readonly comment: string;
  /** The command that it belongs to; absent when it was a policy's. */
  readonly command?: string | undefined;
}

interface ByHand extends Intervened {
  readonly recipients: readonly number[];
}

/** Stopped until it is released: by an operator, or as the lane's policy wants it of what is in doubt. */
export interface Held extends ByHand {
  readonly kind: 'held';
  readonly reason: HoldReason;
}

export type HoldReason = 'HELD_BY_OPERATOR' | 'IN_DOUBT';

/** Goes on from where it stood when it was held. */
export interface Released extends ByHand {
  readonly kind: 'released';
}

/** Final: withdrawn by an operator. */
export interface Cancelled extends ByHand {
  readonly kind: 'cancelled';
  readonly tenant: string;
}

/** Not before `due`; 0: at once. */
export interface Rescheduled extends ByHand {
  readonly kind: 'rescheduled';
  readonly due: number;
}

/** Bound for this upstream or group from now on, whatever the routes say. */
export interface Redirected extends ByHand {
  readonly kind: 'redirected';
  readonly upstream: string;
}

/** The mail as a whole, whichever of its recipients were named, is in this lane from now on; its entry stays where it is. */
export interface LaneChanged extends ByHand, WrittenLane {
  readonly kind: 'laneChanged';
}

/** A dead letter lies in WAIT again. Its failed recipients, which are those that it names, are queued with no attempt spent. */
export interface Revived extends ByHand {
  readonly kind: 'revived';
  readonly tenant: string;
  readonly ticket: Ticket;
  readonly place: Place;
  /** Of all recipients, as they were when the mail had come to its end. */
  readonly states: readonly RecipientState[];
  /** Of its entry in DEAD. */
  readonly sequence: number;
  /** All that lies in DEAD of it up to this sequence goes: a crash may have buried it twice. */
  readonly upTo: number;
}

/** An operator's command was taken: what it does follows. */
export interface Commanded {
  readonly kind: 'commanded';
  readonly at: number;
  readonly id: string;
  readonly command: Command;
}

/** All that the command named has been gone through. */
export interface CommandEnded {
  readonly kind: 'commandEnded';
  readonly at: number;
  readonly id: string;
  readonly progress: Progress;
}

/** A suspension has come into force. */
export interface Suspended {
  readonly kind: 'suspended';
  readonly at: number;
  readonly id: string;
  readonly suspension: Suspension;
}

/** A suspension has ended. */
export interface Lifted {
  readonly kind: 'lifted';
  readonly at: number;
  readonly id: string;
  /** Absent when it expired. */
  readonly author?: string;
  readonly comment?: string;
}

/** A dead letter was thrown away before its time. */
export interface Purged extends Intervened {
  readonly kind: 'purged';
  readonly tenant: string;
  /** Its failed recipients. */
  readonly failedCount: number;
}

/** One entry of JOURNAL on `journal.<p>.events`: who wrote it, and what happened, in order. */
export interface JournalEntry {
  readonly epoch: number;
  /** The owner's name; in the first entry of an epoch it stands beside an empty list. */
  readonly owner: string;
  readonly events: readonly JournalEvent[];
  /** Present when the wall clock has jumped since the entry before. */
  readonly clock?: ClockMarks;
}
