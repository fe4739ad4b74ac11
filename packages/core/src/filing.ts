import { isListed, noteListed, noteUnlisted, type DestinationState } from './destination-state.ts';
import { destinationOf, isOnItsRoute } from './destination.ts';
import type { EngineState } from './engine-state.ts';
import type { Instant } from './engine-input.ts';
import { startBy as startByLane } from './lane-target.ts';
import type { Mail } from './mail.ts';
import type { Queued } from './recipient.ts';
import { record } from './recording.ts';
import type { SteadyClock } from './steady-clock.ts';

/** Puts a mail where its queued recipients belong: into the ready queues of their destinations, or into a calendar until they are due. */
export function file(state: EngineState, mail: Mail, now: Instant): void {
  for (let recipient = 0; recipient < mail.states.length; recipient += 1) {
    const recipientState = mail.states[recipient];
    if (recipientState?.kind === 'queued' && isDue(state.clock, recipientState, now.wall)) list(state, mail, queueOf(state, mail, recipient), now);
  }
  fileForLater(state, mail, now);
}

/** Those of its recipients that are not due. */
export function fileForLater(state: EngineState, mail: Mail, now: Instant): void {
  const { clock } = state;
  let [nextDue, nextAppointment] = [Infinity, Infinity];
  for (const recipientState of mail.states) {
    if (recipientState.kind !== 'queued' || isDue(clock, recipientState, now.wall)) continue;
    if (isAppointment(recipientState)) nextAppointment = Math.min(nextAppointment, recipientState.due);
    else nextDue = Math.min(nextDue, steadyDue(clock, recipientState));
  }
  if (nextDue < Infinity) state.calendar.push(mail, nextDue, mail.order);
  if (nextAppointment < Infinity) state.appointments.push(mail, nextAppointment, mail.order);
}

/** It waits for a time that somebody named, which is told by the wall clock, and not for a while to pass. */
function isAppointment({ reason }: Queued): boolean {
  return reason === 'SCHEDULED';
}

/** When it is due by the steady clock, as things stand now. */
function steadyDue(clock: SteadyClock, queued: Queued): number {
  return isAppointment(queued) ? clock.steady(queued.due) : queued.due - (queued.skewMs ?? 0);
}

/** When it is due by the wall clock, as things stand now. */
export function wallDue(clock: SteadyClock, queued: Queued): number {
  return queued.due === 0 || isAppointment(queued) ? queued.due : queued.due - (queued.skewMs ?? 0) + clock.skewMs;
}

export function isDue(clock: SteadyClock, queued: Queued, wall: number): boolean {
  return queued.due === 0 || wallDue(clock, queued) <= wall;
}

/** Its lane has changed: it stands in the queues of its old one still, but what is found there is passed over. */
export function refile(state: EngineState, mail: Mail, now: Instant): void {
  for (const destination of state.destinations) noteUnlisted(mail, destination);
  file(state, mail, now);
}

export function queueOf({ destinations, router }: EngineState, mail: Mail, recipient: number): DestinationState {
  return destinations[destinationOf(router, mail, recipient)] as DestinationState;
}

/** A mail stands in a destination's ready queue at most once. */
function list(state: EngineState, mail: Mail, queue: DestinationState, now: Instant): void {
  if (mail.copying !== 'no' || isListed(mail, queue)) return;
  const { batch } = state.policy;
  if (batch.waitMs > 0) queue.gathering.join(queue.ready, startByOf(state, mail, now) - state.clock.steady(now.wall), batch, now.mono);
  putBack(state, mail, queue, now);
}

/** It has waited for company already. */
export function putBack(state: EngineState, mail: Mail, queue: DestinationState, now: Instant): void {
  if (mail.copying !== 'no' || isListed(mail, queue)) return;
  noteListed(mail, queue);
  queue.ready.push(mail, startByOf(state, mail, now));
}

/** By the steady clock. A mail that was set back loses its deadline's place as well: otherwise it would come first until it expires. */
export function startByOf({ clock }: EngineState, mail: Mail, now: Instant): number {
  const { lane } = mail;
  const since = readySince(clock, mail, now.wall);
  return mail.setBackAt === null ? startByLane(lane, since, steadyDeadline(clock, mail)) : startByLane(lane, Math.max(since, mail.setBackAt));
}

/** Whether any recipient could go now. `wall`: wall clock. */
export function isReady(clock: SteadyClock, { states }: Mail, wall: number): boolean {
  return states.some((state) => state.kind === 'queued' && isDue(clock, state, wall));
}

/** Since when it could have gone, by the steady clock: since its acceptance, or since the first of those recipients that are ready was due. */
export function readySince(clock: SteadyClock, mail: Mail, wall: number): number {
  let due = Infinity;
  for (const state of mail.states) if (state.kind === 'queued' && isDue(clock, state, wall)) due = Math.min(due, steadyDue(clock, state));
  const acceptedAt = steadyAcceptance(clock, mail);
  return due === Infinity ? acceptedAt : Math.max(acceptedAt, due);
}

/** When it was accepted, by the steady clock. */
export function steadyAcceptance(clock: SteadyClock, { ticket, place }: Mail): number {
  return ticket.acceptedAt - clock.skewAt(place);
}

/** Until when it is useful, by the steady clock as things stand now; Infinity without a deadline. */
export function steadyDeadline(clock: SteadyClock, { ticket, place }: Mail): number {
  const { deadline, byAge } = ticket;
  if (deadline === undefined) return Infinity;
  return byAge ? deadline - clock.skewAt(place) : clock.steady(deadline);
}

/** Recipients that could go to this destination now, of a mail that stood in its queue. */
export function readyRecipients(state: EngineState, mail: Mail, destination: DestinationState, now: Instant): readonly number[] {
  // Its only recipient brought it here: to look at the address again would be the dearest part of the decision.
  if (mail.states.length === 1 && isOnItsRoute(mail)) return isReady(state.clock, mail, now.wall) ? theOnlyOne : nobody;
  const ready: number[] = [];
  for (let recipient = 0; recipient < mail.states.length; recipient += 1) {
    const recipientState = mail.states[recipient];
    if (recipientState?.kind !== 'queued' || !isDue(state.clock, recipientState, now.wall)) continue;
    if (queueOf(state, mail, recipient) === destination) ready.push(recipient);
  }
  return ready;
}

/** Shared by all mail that has one recipient. */
const theOnlyOne: readonly number[] = [0];
const nobody: readonly number[] = [];

export function isPastDeadline({ clock }: EngineState, mail: Mail, now: Instant): boolean {
  return mail.ticket.deadline !== undefined && steadyDeadline(clock, mail) <= clock.steady(now.wall);
}

/** What is with a sender stays there: the sender looks at the deadline itself, before the last bytes. */
export function expire(state: EngineState, mail: Mail, now: Instant): void {
  const recipients = mail.states.flatMap(({ kind }, recipient) => (kind === 'queued' || kind === 'inDoubt' || kind === 'held' ? [recipient] : []));
  if (recipients.length === 0) return;
  const { id, tenant } = mail.ticket;
  record(state, mail, { kind: 'expired', at: now.wall, id, tenant, recipients });
}

/** Whether the mail is still in the index, which it leaves after its last recipient became final: entries of heaps outlive their mail. */
export function isLive(mail: Mail): boolean {
  return mail.open > 0;
}
