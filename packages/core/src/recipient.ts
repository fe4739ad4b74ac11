import type {
  Cancelled,
  Deferred,
  Delivered,
  Doubted,
  Expired,
  Failed,
  Held,
  HoldReason,
  LaneChanged,
  Redirected,
  Released,
  Reply,
  Rescheduled,
  Returned,
  Revived,
  Started,
} from './journal.ts';
import type { Intervention } from './operation/intervention.ts';
import type { Reason } from './reason.ts';

/** Where one recipient of a message is. */
export type RecipientState = Queued | HeldState | Sending | InDoubt | Final;

export type Final = DeliveredState | FailedState | ExpiredState | CancelledState;

/** Ready, or waiting until due. */
export interface Queued {
  readonly kind: 'queued';
  /** Attempts spent so far. */
  readonly attempts: number;
  /** Not before this time, milliseconds since the epoch; 0: at once. */
  readonly due: number;
  /** How far the wall clock was ahead of the steady one when `due` was set; absent for 0. */
  readonly skewMs?: number | undefined;
  readonly reason?: Reason | undefined;
  /** Since when it has waited for that reason, milliseconds since the epoch; absent: since it was accepted. */
  readonly since?: number | undefined;
  /** The last reply, if there was one. */
  readonly reply?: Reply | undefined;
  /** The last attempt: a late word of its success still counts. */
  readonly attempt?: string | undefined;
}

/** Stopped until an operator releases it. */
export interface HeldState {
  readonly kind: 'held';
  readonly attempts: number;
  readonly reason: HoldReason;
  readonly by: Intervention;
  /** What it is again once it is released. */
  readonly before: Queued;
  readonly reply?: Reply | undefined;
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
  readonly upstream?: string | undefined;
  readonly reply: Reply;
}

export interface DeliveredState {
  readonly kind: 'delivered';
  readonly attempts: number;
  readonly reply: Reply;
  /** Its final reply was lost, and the lane's policy takes it as sent. */
  readonly presumed?: true | undefined;
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

/** Withdrawn by an operator. */
export interface CancelledState {
  readonly kind: 'cancelled';
  readonly attempts: number;
  readonly by: Intervention;
  readonly reply?: Reply | undefined;
}

/** What an attempt's end says of a recipient. */
export type OutcomeEvent = Delivered | Deferred | Failed | Doubted | Returned;

/** The events that move a recipient. */
export type RecipientEvent = Started | OutcomeEvent | Expired | Held | Released | Cancelled | Rescheduled | Redirected | LaneChanged | Revived;

/** Never tried, ready at once. One object for all of them: most mail is never anything else before it is sent. */
export const untouched: Queued = Object.freeze({ kind: 'queued', attempts: 0, due: 0 });

export function isFinal(state: RecipientState): state is Final {
  return state.kind === 'delivered' || state.kind === 'failed' || state.kind === 'expired' || state.kind === 'cancelled';
}

/**
 * The next state. An event that does not fit the state leaves it as it is: the first outcome of an attempt wins, and no event leaves a
 * final state, but that an operator revives what has failed.
 */
export function apply(state: RecipientState, event: RecipientEvent): RecipientState {
  if (isFinal(state)) return state.kind === 'failed' && event.kind === 'revived' ? untouched : state;
  switch (event.kind) {
    case 'started':
      return state.kind === 'queued' ? start(state, event) : state;
    case 'expired':
      return state.kind === 'sending' ? state : { kind: 'expired', attempts: state.attempts, reply: state.reply };
    case 'cancelled':
      return state.kind === 'sending' ? state : { kind: 'cancelled', attempts: state.attempts, by: interventionOf(event), reply: state.reply };
    case 'held':
      return hold(state, event);
    case 'released':
      return state.kind === 'held' ? state.before : state;
    case 'rescheduled':
      return reschedule(state, event.due);
    case 'redirected':
    case 'laneChanged':
    case 'revived':
      return state;
    default:
      return state.attempt === event.attempt ? conclude(state, event) : state;
  }
}

function start(state: Queued, event: Started): Sending {
  const { attempt, upstream, sender } = event;
  return { kind: 'sending', attempts: state.attempts, attempt, upstream, sender, reply: state.reply };
}

function hold(state: Exclude<RecipientState, Final>, event: Held): RecipientState {
  if (state.kind !== 'queued' && state.kind !== 'inDoubt') return state;
  const { attempts, reply, attempt } = state;
  const before: Queued = state.kind === 'queued' ? state : { kind: 'queued', attempts, due: 0, reason: 'IN_DOUBT', reply, attempt };
  return { kind: 'held', attempts, reason: event.reason, by: interventionOf(event), before, reply, attempt };
}

function interventionOf({ author, comment, at }: Held | Cancelled): Intervention {
  return { author, comment, at };
}

/** What waited for its time and is ready now waits for nothing any more. */
function reschedule(state: Exclude<RecipientState, Final>, due: number): RecipientState {
  if (state.kind !== 'queued') return state;
  if (due > 0) return { ...state, due, reason: 'SCHEDULED' };
  return { ...state, due, reason: state.reason === 'SCHEDULED' ? undefined : state.reason };
}

function conclude(state: Exclude<RecipientState, Final>, event: OutcomeEvent): RecipientState {
  // An attempt is spent when it ends; one in doubt has been counted already, and so has one that was given up.
  const attempts = state.kind === 'sending' ? state.attempts + 1 : state.attempts;
  if (event.kind === 'delivered') {
    const { reply, presumed } = event;
    return presumed ? { kind: 'delivered', attempts, reply, presumed } : { kind: 'delivered', attempts, reply };
  }
  if (state.kind === 'queued' || state.kind === 'held') return state;
  switch (event.kind) {
    case 'deferred':
      return {
        kind: 'queued',
        attempts,
        due: event.due,
        ...skewOf(event),
        reason: event.reason,
        since: event.at,
        reply: event.reply,
        attempt: event.attempt,
      };
    case 'failed':
      return { kind: 'failed', attempts, reason: event.reason, reply: event.reply };
    case 'doubted':
      return { kind: 'inDoubt', attempts, attempt: event.attempt, upstream: state.upstream, reply: event.reply };
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
    ...skewOf(event),
    reason: event.reason,
    since: event.at,
    reply: event.reply ?? state.reply,
    attempt: event.attempt,
  };
}

/** Hardly any event has one, and a state without it is smaller. */
function skewOf({ skewMs }: Deferred | Returned): Pick<Queued, 'skewMs'> {
  return skewMs === undefined ? noSkew : { skewMs };
}

const noSkew = {};
