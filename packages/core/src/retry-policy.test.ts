import { expect, test } from 'vitest';
import { defaultRetryPolicy, nextDue, type RetryPolicy } from './retry-policy.ts';

function delays(policy: RetryPolicy): (number | null)[] {
  return [1, 2, 3, 4, 5].map((attempts) => nextDue(policy, attempts, 0));
}

test('tries again after 1, 5 and 15 minutes, and then no more', () => {
  expect(delays(defaultRetryPolicy)).toEqual([60_000, 300_000, 900_000, null, null]);
});

test('a policy without delays never tries again', () => {
  expect(delays({ delaysMs: [] })).toEqual([null, null, null, null, null]);
});

test('counts from now', () => {
  expect(nextDue(defaultRetryPolicy, 2, 1_000_000)).toBe(1_300_000);
});
