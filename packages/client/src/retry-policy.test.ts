import { expect, test } from 'vitest';
import { defaultRetryPolicy, delays } from './retry-policy.ts';

test('waits double up to a bound', () => {
  expect(delays({ ...defaultRetryPolicy, maxAttempts: 9 })).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});

test('attempts do not run out in the 30 s of a call, for waits half as long as they may be', () => {
  expect(delays(defaultRetryPolicy).reduce((sum, bound) => sum + bound / 2, 0)).toBeGreaterThan(40_000);
});

test('one attempt has no waits', () => {
  expect(delays({ ...defaultRetryPolicy, maxAttempts: 1 })).toEqual([]);
});
