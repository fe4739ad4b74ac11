import { untouched } from '@posthaste/core';
import { expect, test } from 'vitest';
import { RecentRows } from './recent-rows.ts';

const record = { state: untouched, changedAt: 1, attempts: [] };
const row = (acceptedAt: number, recipients = 1) => ({ acceptedAt, records: Array.from({ length: recipients }, () => record) });

test('knows mail under way as it was written last, and what is final no more', () => {
  const rows = new RecentRows();
  rows.note('a', 'queued', row(1));
  rows.note('a', 'sending', row(2));
  expect(rows.get('a')).toEqual(row(2));
  rows.note('a', 'delivered', row(3));
  expect(rows.get('a')).toBeUndefined();
});

test('keeps the latest, ten thousand recipients in all', () => {
  const rows = new RecentRows();
  for (let number = 0; number < 10_000; number += 1) rows.note(String(number), 'queued', row(number));
  rows.note('0', 'sending', row(0));
  rows.note('new', 'queued', row(0));
  const known = (...ids: string[]) => ids.map((id) => rows.get(id) !== undefined);
  expect(known('0', '1', '2', 'new')).toEqual([true, false, true, true]);
  rows.note('large', 'queued', row(0, 9_999));
  expect(known('0', '9999', 'new', 'large')).toEqual([false, false, true, true]);
  rows.note('too large', 'queued', row(0, 10_001));
  expect(known('new', 'large', 'too large')).toEqual([false, false, false]);
});
