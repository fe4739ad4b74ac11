import { expect, it } from 'vitest';
import { Arrivals } from './arrivals.ts';

it('writes down when each mail came first, and counts the others', () => {
  const arrivals = new Arrivals(3);
  for (const number of [2, 0, 2]) arrivals.take(number);
  const { deliveredAt, delivered, duplicates } = arrivals.summary();
  expect([...deliveredAt].map((at) => at > 0)).toEqual([true, false, true]);
  expect({ delivered, duplicates }).toEqual({ delivered: 2, duplicates: 1 });
});

it('is awaited until all have come', async () => {
  const arrivals = new Arrivals(2);
  const all = arrivals.whenDelivered(2, 60_000);
  arrivals.take(0);
  arrivals.take(1);
  await all;
  expect(arrivals.delivered).toBe(2);
});

it('is not awaited for ever', async () => {
  const arrivals = new Arrivals(2);
  arrivals.take(0);
  await arrivals.whenDelivered(2, 1);
  expect(arrivals.delivered).toBe(1);
});
