import { expect, test } from 'vitest';
import { encodeTicket, idInPartition, partitionOf, readTicket, type Ticket } from './ticket.ts';

const ticket: Ticket = {
  id: '01890000-0000-7000-8000-0000000000ab',
  tenant: 'default',
  lane: 'high',
  from: '',
  recipients: [{ address: 'jörg@exämple.org' }],
  acceptedAt: 1,
  size: 0,
};

test('comes back from its header, which is ASCII', () => {
  const header = encodeTicket(ticket);
  expect(header).toMatch(/^[ -~]+$/);
  expect(readTicket(header)).toEqual(ticket);
});

test.each([
  ['nothing', undefined],
  ['no JSON', '{broken'],
  ['null', 'null'],
  ['a list', '[]'],
  ['an unknown lane', JSON.stringify({ ...ticket, lane: 'later' })],
  ['no recipients', JSON.stringify({ ...ticket, recipients: [] })],
  ['a recipient without an address', JSON.stringify({ ...ticket, recipients: [{}] })],
  ['no size', JSON.stringify({ ...ticket, size: undefined })],
])('is not read from %s', (_, header) => {
  expect(readTicket(header)).toBeUndefined();
});

test('carries its partition in the last byte of its id', () => {
  expect(partitionOf(idInPartition(ticket.id, 7))).toBe(7);
  expect(partitionOf(ticket.id)).toBe(0xab);
});
