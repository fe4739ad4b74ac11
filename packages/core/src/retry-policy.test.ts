import { describe, expect, test } from 'vitest';
import { obeyHint, waitBefore, type ExponentialDelays, type RetryPolicy } from './retry-policy.ts';
import { defaultRetryRules } from './retry-rules.ts';

const minute = 60_000;
const waits = (policy: RetryPolicy) => [1, 2, 3, 4, 5].map((retry) => waitBefore(policy, retry));
const exactly = (ms: number) => ({ leastMs: ms, mostMs: ms });

test('by default waits 1, 5 and 15 minutes, and then no more', () => {
  expect(waits(defaultRetryRules.default)).toEqual([exactly(minute), exactly(5 * minute), exactly(15 * minute), null, null]);
});

test('a policy without delays never tries again', () => {
  expect(waits({ kind: 'fixed', delaysMs: [] })).toEqual([null, null, null, null, null]);
});

describe('an exponential policy', () => {
  const policy: ExponentialDelays = { kind: 'exponential', baseMs: minute, factor: 3, capMs: 10 * minute, retries: 4, jitter: 'none' };

  test('grows by its factor up to its cap, for so many retries', () => {
    expect(waits(policy)).toEqual([exactly(minute), exactly(3 * minute), exactly(9 * minute), exactly(10 * minute), null]);
  });

  test('with full jitter may wait any time from a second to that', () => {
    expect(waitBefore({ ...policy, jitter: 'full' }, 2)).toEqual({ leastMs: 1_000, mostMs: 3 * minute });
    expect(waitBefore({ ...policy, jitter: 'full', baseMs: 200 }, 1), 'a shorter wait is kept').toEqual(exactly(200));
  });

  test('stays at its cap where powers exceed all numbers', () => {
    expect(waitBefore({ ...policy, factor: 100, retries: 1_000 }, 1_000)).toEqual(exactly(10 * minute));
  });
});

describe('a hint', () => {
  test('is what the first retry waits for, be it less or more', () => {
    expect(obeyHint(exactly(minute), 1, 5 * minute)).toEqual(exactly(5 * minute));
    expect(obeyHint(exactly(minute), 1, 5_000)).toEqual(exactly(5_000));
  });

  test('only lengthens the later ones, so that a short one does not use them up', () => {
    expect(obeyHint(exactly(5 * minute), 2, 5_000)).toEqual(exactly(5 * minute));
    expect(obeyHint({ leastMs: 1_000, mostMs: 10 * minute }, 2, 5 * minute)).toEqual({ leastMs: 5 * minute, mostMs: 10 * minute });
    expect(obeyHint({ leastMs: 1_000, mostMs: minute }, 3, 5 * minute)).toEqual(exactly(5 * minute));
  });
});
