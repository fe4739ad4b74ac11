import { expect, test } from 'vitest';
import { jitterOf } from './jitter.ts';

/** UUIDv7 of one millisecond, counted up: they differ in a few bits. */
const ids = Array.from({ length: 20_000 }, (_, index) => `019aa000-0000-7000-8000-${index.toString(16).padStart(10, '0')}00`);

test('is the same for the same mail and retry, and another for another', () => {
  expect(jitterOf('a', 1)).toBe(jitterOf('a', 1));
  expect(new Set([jitterOf('a', 1), jitterOf('a', 2), jitterOf('b', 1)]).size).toBe(3);
});

test.each([1, 2, 48])('spreads mails of one moment evenly from 0 to 1 (retry %i)', (retry) => {
  const tenths = Array.from({ length: 10 }, () => 0);
  for (const id of ids) {
    const tenth = Math.floor(jitterOf(id, retry) * 10);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  expect(tenths).toHaveLength(10);
  for (const count of tenths) expect(Math.abs(count - 2_000), String(tenths)).toBeLessThan(250);
});
