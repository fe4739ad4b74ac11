import { expect, test } from 'vitest';
import { defaultRetryPolicy, delays } from './retry-policy.ts';

test('waits double up to a bound', () => {
  expect(delays(defaultRetryPolicy)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000]);
});

test('one attempt has no waits', () => {
  expect(delays({ ...defaultRetryPolicy, maxAttempts: 1 })).toEqual([]);
});
