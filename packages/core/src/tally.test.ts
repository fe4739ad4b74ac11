import { expect, test } from 'vitest';
import type { JournalEvent } from './journal.ts';
import { recipientsOf, ticketOf } from './simulation/stage.ts';
import { count, expectedLive, type Tallies } from './tally.ts';

const reply = { code: 250, text: 'ok' };
const ticket = ticketOf({ recipients: recipientsOf(5) });
const about = { at: 0, id: ticket.id, attempt: '1.1' };

function tallied(events: readonly JournalEvent[]): Tallies {
  const tallies: Tallies = new Map();
  for (const event of events) count(tallies, event);
  return tallies;
}

const accepted: JournalEvent = { kind: 'accepted', at: 0, id: ticket.id, ticket, place: { kind: 'wait', sequence: 1 } };

test('counts recipients, each final state once', () => {
  const tallies = tallied([
    accepted,
    { ...about, kind: 'started', recipients: [0, 1, 2, 3, 4], upstream: 'main', sender: 'sender' },
    { ...about, kind: 'delivered', recipients: [0, 1], tenant: 'acme', reply },
    { ...about, kind: 'failed', recipients: [2], tenant: 'acme', reason: 'UPSTREAM_REJECTED', reply },
    { ...about, kind: 'deferred', recipients: [3, 4], reason: 'UPSTREAM_DEFERRED', reply, due: 1 },
    { kind: 'expired', at: 1, id: ticket.id, recipients: [3], tenant: 'acme' },
  ]);
  expect(tallies.get('acme')).toEqual({ accepted: 5, delivered: 2, failed: 1, expired: 1, cancelled: 0, doubted: 0 });
  expect(expectedLive(tallies.get('acme')!)).toBe(1);
});

test('counts a revived dead letter among those that are alive again', () => {
  const byHand = { ...about, author: 'kim', comment: '', tenant: 'acme' };
  const tallies = tallied([
    accepted,
    { ...about, kind: 'failed', recipients: [0, 1], tenant: 'acme', reason: 'UPSTREAM_REJECTED', reply },
    { ...byHand, kind: 'revived', recipients: [0, 1], ticket, place: { kind: 'wait', sequence: 2 }, states: [], sequence: 1, upTo: 1 },
    { ...byHand, kind: 'cancelled', recipients: [0] },
  ]);
  expect(tallies.get('acme')).toEqual({ accepted: 5, delivered: 0, failed: 0, expired: 0, cancelled: 1, doubted: 0 });
  expect(expectedLive(tallies.get('acme')!)).toBe(4);
});

test('keeps tenants apart', () => {
  const other: JournalEvent = { ...accepted, ticket: { ...ticket, tenant: 'globex' } };
  expect([...tallied([accepted, other, other])].map(([tenant, tally]) => [tenant, tally.accepted])).toEqual([
    ['acme', 5],
    ['globex', 10],
  ]);
});

test('passes over what changes no count', () => {
  const moved: JournalEvent = { kind: 'moved', at: 0, id: ticket.id, place: { kind: 'wait', sequence: 2 } };
  expect(tallied([moved]).size).toBe(0);
});

test('doubts are counted beside, and end nothing', () => {
  const doubted: JournalEvent = { ...about, kind: 'doubted', recipients: [0, 1], tenant: 'acme', reply };
  const tally = tallied([accepted, doubted]).get('acme')!;
  expect([tally.doubted, expectedLive(tally)]).toEqual([2, 5]);
});
