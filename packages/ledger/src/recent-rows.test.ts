import { expect, test } from 'vitest';
import { RecentRows } from './recent-rows.ts';

const row = (acceptedAt: number) => ({ acceptedAt, records: [] });

test('knows mail under way as it was written last, and what is final no more', () => {
  const rows = new RecentRows();
  rows.note('a', 'queued', row(1));
  rows.note('a', 'sending', row(2));
  expect(rows.get('a')).toEqual(row(2));
  rows.note('a', 'delivered', row(3));
  expect(rows.get('a')).toBeUndefined();
});

test('keeps the latest ten thousand', () => {
  const rows = new RecentRows();
  for (let number = 0; number < 10_000; number += 1) rows.note(String(number), 'queued', row(number));
  rows.note('0', 'sending', row(0));
  rows.note('new', 'queued', row(0));
  expect(['0', '1', '2', 'new'].map((id) => rows.get(id) !== undefined)).toEqual([true, false, true, true]);
});
