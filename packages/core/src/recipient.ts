import type { Deferred, Delivered, Doubted, Expired, Failed, Reply, Returned, Started } from './journal.ts';
import type { Reason } from './reason.ts';

/** Where one recipient of a message is. */
export type RecipientState = Queued | Sending | InDoubt | Final;

export type Final = DeliveredState | FailedState | ExpiredState;

/** Ready, or waiting until due. */
export interface Queued {
  readonly kind: 'queued';
  /** Attempts spent so far. */
  readonly attempts: number;
  /** Not before this time, milliseconds since the epoch; 0: at once. */
  readonly due: number;
  readonly reason?: Reason | undefined;
  /** The last reply, if there was one. */
  readonly reply?: Reply | undefined;
  /** The last attempt: a late word of its success still counts. */
  readonly attempt?: string | undefined;
}

/** Handed to a sender. */
export interface Sending {
  readonly kind: 'sending';
  readonly attempts: number;
  readonly attempt: string;
  readonly upstream: string;
  readonly sender: string;
  readonly reply?: Reply | undefined;
}

/** It may have been delivered. */
export interface InDoubt {
  readonly kind: 'inDoubt';
  readonly attempts: number;
  readonly attempt: string;
  readonly reply: Reply;
}

export interface DeliveredState {
  readonly kind: 'delivered';
  readonly attempts: number;
  readonly reply: Reply;
}

export interface FailedState {
  readonly kind: 'failed';
  readonly attempts: number;
  readonly reason: Reason;
  readonly reply: Reply;
}

export interface ExpiredState {
  readonly kind: 'expired';
  readonly attempts: number;
  readonly reply?: Reply | undefined;
}

/** The events that move a recipient. */
export type RecipientEvent = Started | Delivered | Deferred | Failed | Doubted | Returned | Expired;

/** Never tried, ready at once. One object for all of them: most mail is never anything else before it is sent. */
export const untouched: Queued = Object.freeze({ kind: 'queued', attempts: 0, due: 0 });

export function isFinal(state: RecipientState): state is Final {
  return state.kind === 'delivered' || state.kind === 'failed' || state.kind === 'expired';
}

/**
 * The next state. An event that does not fit the state leaves it as it is: the first outcome of an attempt wins, and no event leaves a
 * final state.
 */
export function apply(state: RecipientState, event: RecipientEvent): RecipientState {
  if (isFinal(state)) return state;
  switch (event.kind) {
    case 'started':
      return state.kind === 'sending' ? state : start(state, event);
    case 'expired':
      return state.kind === 'sending' ? state : { kind: 'expired', attempts: state.attempts, reply: state.reply };
    default:
      return state.attempt === event.attempt ? conclude(state, event) : state;
  }
}

function start(state: Queued | InDoubt, event: Started): Sending {
  const { attempt, upstream, sender } = event;
  return { kind: 'sending', attempts: state.attempts, attempt, upstream, sender, reply: state.reply };
}

type Outcome = Exclude<RecipientEvent, Started | Expired>;

function conclude(state: Queued | Sending | InDoubt, event: Outcome): RecipientState {
  // An attempt is spent when it ends; one in doubt has been counted already, and so has one that was given up.
  const attempts = state.kind === 'sending' ? state.attempts + 1 : state.attempts;
  if (event.kind === 'delivered') return { kind: 'delivered', attempts, reply: event.reply };
  if (state.kind === 'queued') return state;
  switch (event.kind) {
    case 'deferred':
      return { kind: 'queued', attempts, due: event.due, reason: event.reason, reply: event.reply, attempt: event.attempt };
    case 'failed':
      return { kind: 'failed', attempts, reason: event.reason, reply: event.reply };
    case 'doubted':
      return { kind: 'inDoubt', attempts, attempt: event.attempt, reply: event.reply };
    case 'returned':
      return giveBack(state, event);
  }
}

function giveBack(state: Sending | InDoubt, event: Returned): RecipientState {
  if (state.kind === 'inDoubt') return state;
  return {
    kind: 'queued',
    attempts: state.attempts,
    due: event.due ?? 0,
    reason: event.reason,
    reply: event.reply ?? state.reply,
    attempt: event.attempt,
  };
}
