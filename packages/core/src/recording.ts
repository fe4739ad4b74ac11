import type { EngineState } from './engine-state.ts';
import type { MailEvent, OperatorEvent } from './journal.ts';
import { beginAnew, detour, setState, type Mail } from './mail.ts';
import { apply, type RecipientEvent, type RecipientState } from './recipient.ts';
import { finish } from './residence.ts';
import { count } from './tally.ts';

/** Every change of a recipient goes through here: into the journal, the tallies and the mail's states, in one move. */
export function record(state: EngineState, mail: Mail, event: RecipientEvent): void {
  if (state.counts.size > 0) countAhead(state, mail);
  note(state, mail, event, upstreamOf(mail.states[event.recipients[0] ?? 0]));
  applyTo(state, mail, event);
  if (mail.open === 0) finish(state, mail, event.at);
  // What is with a sender is known by its attempt: most mail is never anything but started and delivered.
  const isInIndex = mail.open > 0 || mail.copying !== 'no';
  if (isInIndex && event.kind !== 'started') state.changed.add(mail);
}

/** Whoever counts the index counts what is about to change as it was. */
function countAhead({ counts }: EngineState, mail: Mail): void {
  for (const each of counts) each.countAhead(mail);
}

function upstreamOf(before: RecipientState | undefined): string | undefined {
  return before?.kind === 'sending' || before?.kind === 'inDoubt' ? before.upstream : undefined;
}

/** Journals an event that changes no recipient. */
export function note(state: EngineState, mail: Mail, event: MailEvent, upstream?: string): void {
  state.records.push({ event, mail, upstream });
  count(state.tallies, event);
}

/** Journals what concerns no mail in the index. */
export function noteOperator(state: EngineState, event: OperatorEvent): void {
  state.records.push({ event });
}

export function applyTo({ policy }: EngineState, mail: Mail, event: MailEvent): void {
  if (event.kind === 'laneChanged') mail.lane = policy.lanes.of(event);
  if (event.kind === 'redirected') detour(mail, event.recipients, event.upstream);
  if (event.kind === 'revived') beginAnew(mail, event.states, policy.lanes.of(event.ticket));
  if (!('recipients' in event)) return;
  for (const recipient of event.recipients) {
    const before = mail.states[recipient];
    if (before) setState(mail, recipient, apply(before, event));
  }
}
