/** For tests: mails and what happens to them. */
import fc from 'fast-check';
import type { JournalEvent, RecipientState, Ticket } from '@posthaste/core';

function exampleTicket(id: string, count = 1): Ticket {
  const recipients = Array.from({ length: count }, (_, number) => ({ address: `r${number}@example.net` }));
  return { id, tenant: 'default', lane: 'normal', from: 'a@example.org', recipients, acceptedAt: 1_000, size: 10_240 };
}

export const exampleId = (number: number): string => `018f0000-0000-7000-8000-${number.toString(16).padStart(10, '0')}00`;

const reply = { code: 250, enhanced: '2.0.0', text: 'Ok' };

/** The usual road of one mail. */
export function usualEvents(id: string, attempt: string): readonly JournalEvent[] {
  const recipients = [0];
  return [
    { kind: 'accepted', at: 1_001, id, ticket: exampleTicket(id), place: { kind: 'log', lane: 'normal', sequence: 1 } },
    { kind: 'started', at: 1_002, id, attempt, recipients, upstream: 'inbox', sender: 's1' },
    { kind: 'delivered', at: 1_010, id, attempt, recipients, tenant: 'default', reply, tookMs: 7 },
  ];
}

/** Events of a few messages, in any order that the journal's rules allow and in many that they do not. */
export const anyEvents = fc
  .array(fc.record({ message: fc.nat(3), kind: fc.nat(12), attempt: fc.nat(2), recipients: fc.subarray([0, 1, 2], { minLength: 1 }) }), {
    maxLength: 60,
  })
  .map((choices) => [
    ...[0, 1].map((number): JournalEvent => acceptedEvent(exampleId(number))),
    ...choices.map(({ message, kind, attempt, recipients }, index) => anEvent(kind, exampleId(message), `1.${attempt}`, recipients, 2_000 + index)),
  ]);

function acceptedEvent(id: string): JournalEvent {
  return { kind: 'accepted', at: 1_001, id, ticket: exampleTicket(id, 3), place: { kind: 'log', lane: 'normal', sequence: 1 } };
}

/** As it stands in the journal: with all that the dead letter told of its mail. */
export function revivedEvent(id: string, recipients: readonly number[], at: number): JournalEvent {
  const failed: RecipientState = { kind: 'failed', attempts: 1, reason: 'UPSTREAM_REJECTED', reply };
  const states = [0, 1, 2].map((): RecipientState => failed);
  const place = { kind: 'wait', sequence: 1 } as const;
  return {
    kind: 'revived',
    at,
    id,
    recipients,
    author: 'ann',
    comment: '',
    tenant: 'default',
    ticket: exampleTicket(id, 3),
    place,
    states,
    sequence: 1,
    upTo: 1,
  };
}

function anEvent(kind: number, id: string, attempt: string, recipients: readonly number[], at: number): JournalEvent {
  const common = { at, id, attempt, recipients };
  const by = { author: 'ann', comment: '' };
  const events: readonly [JournalEvent, ...JournalEvent[]] = [
    acceptedEvent(id),
    { kind: 'started', ...common, upstream: 'inbox', sender: 's1' },
    { kind: 'delivered', ...common, tenant: 'default', reply },
    { kind: 'deferred', ...common, reason: 'UPSTREAM_DEFERRED', reply, due: at + 60_000 },
    { kind: 'doubted', ...common, tenant: 'default', reply },
    { kind: 'returned', ...common, reason: 'UPSTREAM_DOWN' },
    { kind: 'failed', ...common, tenant: 'default', reason: 'UPSTREAM_REJECTED', reply },
    { kind: 'held', ...common, ...by, reason: 'HELD_BY_OPERATOR' },
    { kind: 'released', ...common, ...by },
    { kind: 'cancelled', ...common, ...by, tenant: 'default' },
    { kind: 'rescheduled', ...common, ...by, due: at + 60_000 },
    { kind: 'laneChanged', ...common, ...by, lane: 'low' },
    revivedEvent(id, recipients, at),
  ];
  return events[kind] ?? events[0];
}
