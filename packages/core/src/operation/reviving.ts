import { admit } from '../arrival.ts';
import type { Instant } from '../engine-input.ts';
import type { EngineState } from '../engine-state.ts';
import { file } from '../filing.ts';
import type { Revived } from '../journal.ts';
import { noteFormer } from '../mail.ts';
import { noteOperator, record } from '../recording.ts';
import type { RecipientState } from '../recipient.ts';
import { noteMoved, notePlaceSeen, vacate } from '../residence.ts';
import type { Place, Ticket } from '../ticket.ts';

/** What a dead letter's copy in WAIT says beside its ticket: whose states it takes up where. */
export interface Revival {
  /** The dead letter's sequence in DEAD: it is revived once. */
  readonly sequence: number;
  /** What lies in DEAD of it up to here is of that same end. */
  readonly upTo: number;
  /** Of all recipients, when the mail had come to its end. */
  readonly states: readonly RecipientState[];
  /** The failed ones that are queued again. */
  readonly recipients: readonly number[];
  readonly command: string;
  readonly author: string;
  readonly comment: string;
}

/** A dead letter as its entry in DEAD tells of it. */
export interface DeadLetter {
  readonly ticket: Ticket;
  readonly sequence: number;
  /** What lies in DEAD of it up to here is of the same end. */
  readonly upTo: number;
  readonly states: readonly RecipientState[];
}

/** The reader of WAIT has come to a dead letter's copy, told of by whoever made it or not. */
export function meetRevived(state: EngineState, ticket: Ticket, place: Place, revival: Revival, now: Instant): void {
  notePlaceSeen(state, place);
  revive(state, ticket, place, revival, now);
}

/** A dead letter's copy lies in WAIT: the mail is alive again, and its entry in DEAD may go once this is journalled. */
export function revive(state: EngineState, ticket: Ticket, place: Place, revival: Revival, now: Instant): void {
  const known = state.mails.get(ticket.id);
  if (known?.place.kind === place.kind && known.place.sequence === place.sequence) return;
  if (known || isSpent(state, ticket.id, revival)) return vacate(state, place);
  const mail = admit(state, ticket, place);
  const { sequence } = revival;
  const upTo = deadUpTo(state, revival);
  noteFormer(mail, { sequence, upTo });
  noteMoved(state, place);
  record(state, mail, eventOf(ticket, place, { ...revival, upTo }, now.wall));
  state.commands.open.get(revival.command)?.count.change(revival.recipients.length);
  state.effects.push({ kind: 'removeDead', id: ticket.id, upTo, withBody: false });
  file(state, mail, now);
}

/**
 * Whoever made the copy looked at DEAD before, and may have crashed then: the mail that nobody knew to be revived was buried once more. While it is not in the index nobody
 * buries it, so all that is known to lie there is of that same end.
 */
function deadUpTo({ deadSeen }: EngineState, { upTo }: Pick<Revival, 'upTo'>): number {
  return Math.max(upTo, deadSeen);
}

/** After a restart its copy in WAIT is met again. */
export function isSpent({ spentRevivals }: EngineState, id: string, { sequence }: Revival): boolean {
  return sequence <= (spentRevivals.get(id) ?? 0);
}

function eventOf(ticket: Ticket, place: Place, revival: Revival, at: number): Revived {
  const { id, tenant } = ticket;
  const { states, recipients, command, author, comment, sequence, upTo } = revival;
  return { kind: 'revived', at, id, tenant, ticket, place, states, recipients, command, author, comment, sequence, upTo };
}

/** Throws a dead letter away. One that is alive again meanwhile stays. */
export function purge(state: EngineState, letter: DeadLetter, command: string, now: Instant): void {
  const { ticket, states } = letter;
  const work = state.commands.open.get(command);
  if (!work || state.mails.has(ticket.id)) return;
  const { id, tenant, chunked } = ticket;
  const { author, comment } = work.command.by;
  const failedCount = states.filter(({ kind }) => kind === 'failed').length;
  noteOperator(state, { kind: 'purged', at: now.wall, id, tenant, failedCount, command, author, comment });
  work.count.change(failedCount);
  state.effects.push({ kind: 'removeDead', id, upTo: deadUpTo(state, letter), withBody: chunked !== undefined });
}
