import { expect, it } from 'vitest';
import { RecentMails } from './recent-mails.ts';

it('knows a mail for as long as the window, and no longer', () => {
  const recent = new RecentMails(1_000);
  recent.add('first', { id: 'a', acceptedAt: 1 }, 5_000);
  recent.add('second', { id: 'b', acceptedAt: 2 }, 6_500);
  expect(recent.find('second', 7_499)).toEqual({ id: 'b', acceptedAt: 2 });
  expect(recent.find('second', 7_500)).toBeUndefined();
  expect(recent.find('second', 6_600, 100)).toBeUndefined();
  expect(recent.find('first', 6_500)).toBeUndefined();
  expect(recent.find('third', 6_500)).toBeUndefined();
});

it('keeps the last 50,000 whatever comes, and not much more', () => {
  const recent = new RecentMails(1_000_000);
  for (let number = 0; number < 200_000; number += 1) recent.add(`m${number}`, { id: String(number), acceptedAt: 1 }, 1);
  expect(recent.find('m150000', 2)).toMatchObject({ id: '150000' });
  expect(recent.find('m90000', 2)).toBeUndefined();
});
