import type { EngineState } from './engine-state.ts';
import { hasFailed, type Mail } from './mail.ts';
import { spendRevival } from './operation/spent-revivals.ts';
import type { Place } from './ticket.ts';

/** Where entries lie, and when they may go: rules 3 and 4 of keeping mail safe. */

export function notePlaceSeen(state: EngineState, place: Place): void {
  if (place.kind === 'log') {
    state.logs[place.lane].seen = Math.max(state.logs[place.lane].seen, place.sequence);
    return;
  }
  state.waitSeen = Math.max(state.waitSeen, place.sequence);
  for (const ahead of state.waitAhead) if (ahead <= state.waitSeen) state.waitAhead.delete(ahead);
}

/** A mail has moved here: to a copy that we wrote, which the reader of WAIT may not have come to. */
export function noteMoved(state: EngineState, place: Place): void {
  if (place.kind === 'wait' && place.sequence > state.waitSeen) state.waitAhead.add(place.sequence);
}

export function occupy(state: EngineState, mail: Mail): void {
  if (mail.place.kind === 'wait') return;
  const log = state.logs[mail.place.lane];
  log.live.set(mail.place.sequence, mail);
  log.liveBytes += entryBytes(mail);
}

/** The entry at this place is of no more use: a log gets trimmed when all below is finished too, WAIT loses it at once. */
export function vacate(state: EngineState, place: Place): void {
  if (place.kind === 'wait') {
    state.effects.push({ kind: 'removeWaiting', sequence: place.sequence });
    return;
  }
  const log = state.logs[place.lane];
  const mail = log.live.take(place.sequence);
  if (mail) log.liveBytes -= entryBytes(mail);
  log.finished.finish(place.sequence);
  state.trims.add(place.lane);
}

/** After the last recipient became final. A dead letter is copied to DEAD before its entry goes. */
export function finish(state: EngineState, mail: Mail, now: number): void {
  if (mail.copying !== 'no') return;
  if (hasFailed(mail)) {
    mail.copying = 'to DEAD';
    state.effects.push({ kind: 'bury', mail });
  } else settle(state, mail, now);
}

/** The mail leaves the index. */
export function settle(state: EngineState, mail: Mail, now: number): void {
  const { id, chunked } = mail.ticket;
  state.mails.delete(id);
  // Heaps may still hold it.
  mail.open = 0;
  state.changed.delete(mail);
  if (mail.stateSequence > 0) state.staleStates.push(mail.stateSequence);
  state.recent.add(id, state.clock.steady(now));
  state.finishedIds.push(id);
  if (mail.former) spendRevival(state.spentRevivals, id, mail.former.upTo);
  vacate(state, mail.place);
  // The body of a dead letter stays for inspection and retry as long as its entry in DEAD.
  if (chunked && !hasFailed(mail)) state.effects.push({ kind: 'removeBody', id });
}

/** About what an entry weighs in its log: body, ticket, and the server's own bytes. */
function entryBytes({ ticket, states }: Mail): number {
  return (ticket.chunked ? 0 : ticket.size) + 400 + 100 * states.length;
}
