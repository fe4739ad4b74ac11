import type { EngineState } from './engine-state.ts';
import type { Instant } from './engine-input.ts';
import type { Mail } from './mail.ts';
import { record } from './recording.ts';

/** Puts a mail where its queued recipients belong: into the ready queues of their upstreams, or into the calendar until they are due. */
export function file(state: EngineState, mail: Mail, now: Instant): void {
  let nextDue = Infinity;
  mail.states.forEach((recipientState, recipient) => {
    if (recipientState.kind !== 'queued') return;
    if (recipientState.due <= now.wall) list(state, mail, state.router.upstreamOf(mail.ticket, recipient));
    else nextDue = Math.min(nextDue, recipientState.due);
  });
  if (nextDue < Infinity) state.calendar.push({ due: nextDue, mail });
}

/** A mail stands in an upstream's ready queue at most once. */
export function list(state: EngineState, mail: Mail, upstream: number): void {
  const bit = 1 << upstream;
  if (mail.copying !== 'no' || (mail.listed & bit) !== 0) return;
  mail.listed |= bit;
  state.upstreams[upstream]?.ready.push(mail);
}

/** Recipients that this upstream could be given now. */
export function readyRecipients(state: EngineState, mail: Mail, upstream: number, now: Instant): number[] {
  const ready: number[] = [];
  mail.states.forEach((recipientState, recipient) => {
    if (recipientState.kind !== 'queued' || recipientState.due > now.wall) return;
    if (state.router.upstreamOf(mail.ticket, recipient) === upstream) ready.push(recipient);
  });
  return ready;
}

export function isPastDeadline(mail: Mail, now: Instant): boolean {
  return (mail.ticket.deadline ?? Infinity) <= now.wall;
}

/** What is with a sender stays there: the sender looks at the deadline itself, before the last bytes. */
export function expire(state: EngineState, mail: Mail, now: Instant): void {
  const recipients = mail.states.flatMap(({ kind }, recipient) => (kind === 'queued' || kind === 'inDoubt' ? [recipient] : []));
  if (recipients.length === 0) return;
  const { id, tenant } = mail.ticket;
  record(state, mail, { kind: 'expired', at: now.wall, id, tenant, recipients });
}

/** Whether the mail is still in the index; entries of heaps outlive their mail. */
export function isLive(state: EngineState, mail: Mail): boolean {
  return mail.open > 0 && state.mails.get(mail.ticket.id) === mail;
}
