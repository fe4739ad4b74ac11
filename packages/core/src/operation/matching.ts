import type { EngineState } from '../engine-state.ts';
import { destinationNameOf } from '../destination.ts';
import { domainOf } from '../domain.ts';
import type { Mail } from '../mail.ts';
import { isFinal, type RecipientState } from '../recipient.ts';
import type { Ticket } from '../ticket.ts';
import type { MailMatch, Selector } from './selector.ts';

/** The recipients of this mail that the selector names. Whether its id is among those that are given is for the caller to know. */
export function namedRecipients(state: EngineState, selector: Selector, mail: Mail): number[] {
  if (!fitsMail(selector, mail.ticket, mail.lane.name) || (selector.acceptedBefore ?? Infinity) <= mail.ticket.acceptedAt) return [];
  const named: number[] = [];
  for (let recipient = 0; recipient < mail.states.length; recipient += 1) {
    if (fitsState(selector, mail.states[recipient] as RecipientState) && fitsRecipient(state, selector, mail, recipient)) named.push(recipient);
  }
  return named;
}

/** What is final is named by its mail's id only. */
function fitsState({ ids, state, reason }: Selector, present: RecipientState): boolean {
  return (
    (ids !== undefined || !isFinal(present)) &&
    (state === undefined || state === present.kind) &&
    (reason === undefined || ('reason' in present && present.reason === reason))
  );
}

/** What is the same for all recipients of a mail. `present`: name of its lane. */
export function fitsMail({ tenant, lane, campaign, tags }: MailMatch, ticket: Ticket, present: string): boolean {
  return (
    (tenant === undefined || tenant === ticket.tenant) &&
    (lane === undefined || lane === present) &&
    (campaign === undefined || campaign === ticket.tags?.['campaign']) &&
    (tags === undefined || Object.entries(tags).every(([name, value]) => ticket.tags?.[name] === value))
  );
}

export function fitsRecipient(state: EngineState, { domain, upstream }: MailMatch, mail: Mail, recipient: number): boolean {
  return (
    (domain === undefined || domain === domainOf(mail.ticket.recipients[recipient]?.address ?? '')) &&
    (upstream === undefined || upstream === whereabouts(state, mail, recipient))
  );
}

/** The upstream that is being tried, or what it is bound for. */
function whereabouts(state: EngineState, mail: Mail, recipient: number): string {
  const recipientState = mail.states[recipient];
  return recipientState?.kind === 'sending' ? recipientState.upstream : destinationNameOf(state.router, mail, recipient);
}
