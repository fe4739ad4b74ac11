import type { Mail } from '@posthaste/sink';
import { expect, it } from 'vitest';
import { Mailbox, type CaughtMail, type MailboxChange } from './mailbox.ts';

function filled(maxMails: number, maxBytes: number, sizes: readonly number[]): Mailbox {
  const mailbox = new Mailbox({ maxMails, maxBytes }, (mail) => `id-${mail.number}`);
  sizes.forEach((size, index) => mailbox.add(mailOf(index + 1, size)));
  return mailbox;
}

function mailOf(number: number, size: number): Mail {
  return {
    number,
    connection: 1,
    helo: 'h',
    from: { address: 'a', parameters: {} },
    to: [],
    raw: Buffer.alloc(size),
    receivedAt: 0,
    secured: false,
    replyLost: false,
  };
}

const numbers = (mails: readonly CaughtMail[]) => mails.map(({ mail }) => mail.number);

it('lists the newest first, in pages', () => {
  const mailbox = filled(10, 1000, [1, 1, 1, 1, 1]);
  expect(numbers(mailbox.newest(0, 2))).toEqual([5, 4]);
  expect(numbers(mailbox.newest(2, 2))).toEqual([3, 2]);
  expect(numbers(mailbox.newest(4, 2))).toEqual([1]);
  expect(numbers(mailbox.newest(5, 2))).toEqual([]);
});

it('keeps the last mails by count', () => {
  expect(numbers(filled(2, 1000, [1, 1, 1]).newest(0, 9))).toEqual([3, 2]);
});

it('keeps the last mails by bytes, and none that is too large alone', () => {
  expect(numbers(filled(9, 10, [6, 4, 5]).newest(0, 9))).toEqual([3, 2]);
  expect(filled(9, 10, [1, 11]).count).toBe(0);
});

it('has its whole room again after it was cleared', () => {
  const mailbox = filled(9, 10, [10]);
  mailbox.clear();
  mailbox.add(mailOf(2, 10));
  expect(numbers(mailbox.newest(0, 9))).toEqual([2]);
});

it('finds a mail by its id until it is removed, and has its room again then', () => {
  const mailbox = filled(9, 10, [4, 6]);
  expect(mailbox.get('id-1')?.mail.number).toBe(1);
  expect(mailbox.remove('id-1')).toBe(true);
  expect(mailbox.remove('id-1')).toBe(false);
  expect(mailbox.get('id-1')).toBeUndefined();
  expect([mailbox.count, mailbox.bytes]).toEqual([1, 6]);
  mailbox.add(mailOf(3, 4));
  expect(numbers(mailbox.newest(0, 9))).toEqual([3, 2]);
});

it('tells of each change', () => {
  const mailbox = filled(9, 10, [1]);
  const changes: MailboxChange['kind'][] = [];
  mailbox.watch(({ kind }) => changes.push(kind));
  mailbox.add(mailOf(2, 1));
  mailbox.remove('id-2');
  mailbox.remove('id-2');
  mailbox.clear();
  expect(changes).toEqual(['added', 'removed', 'removed']);
});
