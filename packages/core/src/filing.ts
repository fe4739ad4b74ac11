import type { EngineState } from './engine-state.ts';
import type { Instant } from './engine-input.ts';
import { startBy as startByLane } from './lane-target.ts';
import type { Mail } from './mail.ts';
import { record } from './recording.ts';

/** Puts a mail where its queued recipients belong: into the ready queues of their upstreams, or into the calendar until they are due. */
export function file(state: EngineState, mail: Mail, now: Instant): void {
  let nextDue = Infinity;
  for (let recipient = 0; recipient < mail.states.length; recipient += 1) {
    const recipientState = mail.states[recipient];
    if (recipientState?.kind !== 'queued') continue;
    if (recipientState.due <= now.wall) list(state, mail, state.router.upstreamOf(mail.ticket, recipient), now);
    else nextDue = Math.min(nextDue, recipientState.due);
  }
  if (nextDue < Infinity) state.calendar.push(mail, nextDue, mail.order);
}

/** A mail stands in an upstream's ready queue at most once. */
export function list(state: EngineState, mail: Mail, upstream: number, now: Instant): void {
  const bit = 1 << upstream;
  if (mail.copying !== 'no' || (mail.listed & bit) !== 0) return;
  const queue = state.upstreams[upstream];
  if (!queue) return;
  mail.listed |= bit;
  const startBy = startByOf(state, mail, now);
  const { batch } = state.policy;
  if (batch.waitMs > 0) queue.gathering.join(queue.ready, startBy - now.wall, batch, now.mono);
  queue.ready.push(mail, startBy);
}

/** A mail that was set back loses its deadline's place as well: otherwise it would come first until it expires. */
export function startByOf({ policy: { laneTargetsMs } }: EngineState, mail: Mail, now: Instant): number {
  const { lane, deadline } = mail.ticket;
  const since = readySince(mail, now.wall);
  return mail.setBackAt === null
    ? startByLane(lane, since, laneTargetsMs, deadline)
    : startByLane(lane, Math.max(since, mail.setBackAt), laneTargetsMs);
}

/** Whether any recipient could go now. */
export function isReady({ states }: Mail, now: number): boolean {
  return states.some((state) => state.kind === 'queued' && state.due <= now);
}

/** Since when it could have gone, wall clock: since its acceptance, or since the first of those recipients that are ready was due. */
export function readySince({ ticket, states }: Mail, now: number): number {
  let due = Infinity;
  for (const state of states) if (state.kind === 'queued' && state.due <= now) due = Math.min(due, state.due);
  return due === Infinity ? ticket.acceptedAt : Math.max(ticket.acceptedAt, due);
}

/** Recipients that this upstream could be given now, of a mail that stood in its queue. */
export function readyRecipients(state: EngineState, mail: Mail, upstream: number, now: Instant): number[] {
  const ready: number[] = [];
  const isAlone = mail.states.length === 1;
  for (let recipient = 0; recipient < mail.states.length; recipient += 1) {
    const recipientState = mail.states[recipient];
    if (recipientState?.kind !== 'queued' || recipientState.due > now.wall) continue;
    // Its only recipient brought it here: to look at the address again would be the dearest part of the decision.
    if (isAlone || state.router.upstreamOf(mail.ticket, recipient) === upstream) ready.push(recipient);
  }
  return ready;
}

export function isPastDeadline(mail: Mail, now: Instant): boolean {
  return (mail.ticket.deadline ?? Infinity) <= now.wall;
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
