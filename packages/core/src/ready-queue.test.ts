import { describe, expect, test } from 'vitest';
import { LaneTable } from './lane-table.ts';
import { newMail, type Mail } from './mail.ts';
import { ReadyQueue } from './ready-queue.ts';
import { ticketOf } from './simulation/stage.ts';
import type { Ticket } from './ticket.ts';

const lanes = new LaneTable();

function mailOf(order: number, parts: Partial<Ticket> = {}): Mail {
  const ticket = ticketOf(parts);
  return newMail(ticket, { kind: 'wait', sequence: order }, lanes.of(ticket), order);
}

/** Arrival numbers in the order in which the queue gives them out. */
function served(mails: readonly Mail[], count = mails.length): (number | undefined)[] {
  const queue = queueOf(mails);
  return Array.from({ length: count }, () => serve(queue)?.order);
}

function queueOf(mails: readonly Mail[], weights: Record<string, number> = {}): ReadyQueue {
  const queue = new ReadyQueue(lanes, new Map(Object.entries(weights)));
  for (const mail of mails) queue.push(mail, mail.ticket.deadline ?? Infinity);
  return queue;
}

function serve(queue: ReadyQueue): Mail | undefined {
  const mail = queue.pop();
  if (mail) queue.charge(mail.ticket.recipients.length);
  return mail;
}

describe('a ready queue', () => {
  test('keeps the order of arrival, whatever the order of filing', () => {
    expect(served([mailOf(3), mailOf(1), mailOf(2)])).toEqual([1, 2, 3]);
  });

  test('lets tenants take turns, however long the backlog of one', () => {
    const backlog = [1, 2, 3, 4].map((order) => mailOf(order, { tenant: 'acme' }));
    const others = [mailOf(5, { tenant: 'globex' }), mailOf(6, { tenant: 'initech' }), mailOf(7, { tenant: 'globex' })];
    expect(served([...backlog, ...others])).toEqual([1, 5, 6, 2, 7, 3, 4]);
  });

  test('puts an earlier deadline of the same tenant first, and mail without one last', () => {
    expect(served([mailOf(1), mailOf(2, { deadline: 900 }), mailOf(3, { deadline: 500 }), mailOf(4, { deadline: 500 })])).toEqual([3, 4, 2, 1]);
  });

  test('serves the lanes by their turn', () => {
    const mails = [mailOf(1, { lane: 'low' }), mailOf(2, { lane: 'immediate' }), mailOf(3, { lane: 'high' }), mailOf(4, { lane: 'normal' })];
    expect(served(mails)).toEqual([2, 3, 4, 1]);
  });

  test('gives the low lane its twentieth while urgent mail never ends', () => {
    const mails = Array.from({ length: 200 }, (_, order) => mailOf(order, { lane: order < 100 ? 'immediate' : 'low' }));
    expect(served(mails, 100).filter((order) => Number(order) >= 100)).toHaveLength(5);
  });

  test('counts what it holds', () => {
    const queue = queueOf([mailOf(1), mailOf(2, { lane: 'low' })]);
    expect(queue.size).toBe(2);
    queue.pop();
    queue.pop();
    expect(queue.size).toBe(0);
    expect(queue.pop()).toBeUndefined();
  });
});
