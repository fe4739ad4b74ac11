import type { NamedLane } from './lane-table.ts';
import type { Place, Ticket } from './ticket.ts';
import { isFinal, untouched, type RecipientState } from './recipient.ts';

/** A dead letter that lives again, as its revival says: the same after every restart, so that its next end has one dead letter however often it is buried. */
export interface FormerLetter {
  /** Its sequence in DEAD. */
  readonly sequence: number;
  /** What lay in DEAD of the mail up to here was of that same end. */
  readonly upTo: number;
}

/** A message in the index: its ticket, where its entry lies, and where each recipient is. */
export interface Mail {
  readonly ticket: Ticket;
  place: Place;
  /** Its ticket's, or that one's base, unless an operator gave it another one. */
  lane: NamedLane;
  /** By recipient: the upstream or group that an operator gave it instead of its route's; null as long as nobody did. */
  detours: (string | undefined)[] | null;
  /** In the ticket's order. */
  readonly states: RecipientState[];
  /** Arrival number: earlier mail goes first. */
  order: number;
  /** Since then it stands behind its tenant's other mail, steady clock: an upstream broke under it. */
  setBackAt: number | null;
  /** Recipients that are not final. */
  open: number;
  /** The dead letter that it was last; null for all other mail. */
  former: FormerLetter | null;
  /** Being copied elsewhere: not dispatched, not removed until the copy is acknowledged. */
  copying: 'no' | 'to WAIT' | 'to DEAD';
  /** Destinations, as bits, in whose ready queue it stands: see isListed. */
  listed: number;
  /** Sequence of its entry in STATE; 0 when it has none. */
  stateSequence: number;
  /** The journal up to this sequence is contained in `states`; used while recovering. */
  asOf: number;
}

export function newMail(ticket: Ticket, place: Place, lane: NamedLane, order: number): Mail {
  const first: RecipientState = ticket.due === undefined ? untouched : { kind: 'queued', attempts: 0, due: ticket.due, reason: 'SCHEDULED' };
  return {
    ticket,
    place,
    lane,
    detours: null,
    states: ticket.recipients.length === 1 ? [first] : ticket.recipients.map(() => first),
    order,
    setBackAt: null,
    open: ticket.recipients.length,
    former: null,
    copying: 'no',
    listed: 0,
    stateSequence: 0,
    asOf: 0,
  };
}

export function setState(mail: Mail, recipient: number, state: RecipientState): void {
  const before = mail.states[recipient];
  if (before === undefined) return;
  if (isFinal(before) !== isFinal(state)) mail.open += isFinal(state) ? -1 : 1;
  mail.states[recipient] = state;
}

/** A dead letter begins another life. After a crash it may stand here as it was in its first one, with all that operators did to it. */
export function beginAnew(mail: Mail, states: readonly RecipientState[], lane: NamedLane): void {
  mail.lane = lane;
  mail.detours = null;
  mail.states.splice(0, mail.states.length, ...states);
  mail.open = states.filter((state) => !isFinal(state)).length;
}

/** These recipients are bound for another upstream or group than the routes say. */
export function detour(mail: Mail, recipients: readonly number[], upstream: string): void {
  mail.detours ??= mail.states.map(() => undefined);
  for (const recipient of recipients) mail.detours[recipient] = upstream;
}

/** It was revived from this dead letter, or from a later one. */
export function noteFormer(mail: Mail, { sequence, upTo }: FormerLetter): void {
  const { former } = mail;
  mail.former = { sequence: Math.max(former?.sequence ?? 0, sequence), upTo: Math.max(former?.upTo ?? 0, upTo) };
}

/** By which the server knows a copy in DEAD: a mail that dies again is another dead letter, and one that is buried again for the same end is not. */
export function burialIdOf({ ticket, former }: Mail): string {
  return former ? `${ticket.id}.${former.sequence}` : ticket.id;
}

/** Whether any recipient is with a sender. */
export function isSending(mail: Mail): boolean {
  return mail.states.some((state) => state.kind === 'sending');
}

export function hasFailed(mail: Mail): boolean {
  return mail.states.some((state) => state.kind === 'failed');
}
