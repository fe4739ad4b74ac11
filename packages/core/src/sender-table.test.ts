import { describe, expect, test } from 'vitest';
import { LaneTable } from './lane-table.ts';
import { newMail } from './mail.ts';
import { SenderTable, type Attempt } from './sender-table.ts';
import { ticketOf } from './simulation/stage.ts';

function attemptOf(id: string, sender: string, upstream = 'main'): Attempt {
  const ticket = ticketOf();
  const mail = newMail(ticket, { kind: 'wait', sequence: 1 }, new LaneTable().of(ticket), 1);
  return { id, mail, recipients: [0], upstream, sender, begun: false };
}

function tableWith(windows: Record<string, number>): SenderTable {
  const table = new SenderTable();
  for (const [id, window] of Object.entries(windows)) {
    const sender = table.meet(id, 0);
    sender.connected = true;
    sender.windows.set('main', window);
  }
  return table;
}

describe('the table of senders', () => {
  test('finds the sender with the most room, what it holds taken off', () => {
    const table = tableWith({ a: 3, b: 2 });
    expect(table.roomiest('main')?.id).toBe('a');
    table.add(attemptOf('1.1', 'a'));
    table.add(attemptOf('1.2', 'a'));
    expect(table.roomiest('main')?.id).toBe('b');
  });

  test('finds none for an upstream that nobody serves, or when all are full or away', () => {
    const table = tableWith({ a: 1 });
    expect(table.roomiest('other')).toBeUndefined();
    table.add(attemptOf('1.1', 'a'));
    expect(table.roomiest('main')).toBeUndefined();
    table.remove(table.attempt('1.1')!);
    expect(table.roomiest('main')?.id).toBe('a');
    table.meet('a', 0).connected = false;
    expect(table.roomiest('main')).toBeUndefined();
  });

  test('frees the room of an attempt once, however often it is removed', () => {
    const table = tableWith({ a: 2 });
    const attempt = attemptOf('1.1', 'a');
    table.add(attempt);
    table.remove(attempt);
    table.remove(attempt);
    expect(table.find('a')?.held.get('main')).toBe(0);
  });

  test('lists the attempts of each sender', () => {
    const table = tableWith({ a: 2, b: 2 });
    for (const attempt of [attemptOf('1.1', 'a'), attemptOf('1.2', 'b'), attemptOf('1.3', 'a')]) table.add(attempt);
    expect(table.attemptsOf('a').map(({ id }) => id)).toEqual(['1.1', '1.3']);
    expect(table.attemptCount).toBe(3);
  });

  test('knows a sender again, until it is forgotten', () => {
    const table = tableWith({ a: 2 });
    expect(table.meet('a', 99)).toBe(table.find('a'));
    expect(table.find('a')?.leaseEndsAt).toBe(0);
    table.forget('a');
    expect(table.find('a')).toBeUndefined();
  });
});
