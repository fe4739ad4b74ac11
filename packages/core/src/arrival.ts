import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import { file, isLive } from './filing.ts';
import { newMail, type Mail } from './mail.ts';
import { note } from './recording.ts';
import { noteMoved, notePlaceSeen, occupy, vacate } from './residence.ts';
import type { Place, Ticket } from './ticket.ts';

/** A ticket was read: a new mail, or an entry that a replayed publish or a half-done move left behind. */
export function arrive(state: EngineState, ticket: Ticket, place: Place, now: Instant): void {
  notePlaceSeen(state, place);
  const known = state.mails.get(ticket.id);
  if (known) meetAgain(state, known, place, now);
  else if (state.recent.has(ticket.id)) vacate(state, place);
  else {
    const mail = admit(state, ticket, place);
    note(state, mail, { kind: 'accepted', at: now.wall, id: ticket.id, ticket, place });
    file(state, mail, now);
  }
}

/** Takes a mail into the index. */
export function admit(state: EngineState, ticket: Ticket, place: Place): Mail {
  const mail = newMail(ticket, place, state.policy.lanes.of(ticket), (state.order += 1));
  state.mails.add(mail);
  occupy(state, mail);
  if (ticket.deadline !== undefined) remindOfDeadline(state, mail, ticket.deadline);
  return mail;
}

/** Deadlines that are looked at with each that comes: one of them is of no more use as soon as a third of all are. */
const sweptPerArrival = 3;

/** Most mail is gone long before its deadline: what it leaves in the heap is cleared as other mail comes. */
function remindOfDeadline(state: EngineState, mail: Mail, deadline: number): void {
  const { byAge } = mail.ticket;
  const heap = byAge ? state.lifetimes : state.deadlines;
  heap.sweep(sweptPerArrival, isLive);
  heap.push(mail, byAge ? deadline - state.clock.skewAt(mail.place) : deadline, mail.order);
}

/** A second entry of a mail that is in the index: WAIT wins over MAIL, else the first wins. */
function meetAgain(state: EngineState, mail: Mail, place: Place, now: Instant): void {
  if (mail.place.kind === place.kind && mail.place.sequence === place.sequence) return;
  if (mail.place.kind === 'log' && place.kind === 'wait') relocate(state, mail, place, now);
  else vacate(state, place);
}

/** The mail's copy in WAIT counts from now on. The log's entry may be trimmed once this is journalled. */
export function relocate(state: EngineState, mail: Mail, place: Place, now: Instant): void {
  const before = mail.place;
  mail.place = place;
  noteMoved(state, place);
  note(state, mail, { kind: 'moved', at: now.wall, id: mail.ticket.id, place });
  vacate(state, before);
}
