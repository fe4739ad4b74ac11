import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextTry, planRetries } from './retry-plan.ts';
import { waitBefore, type RetryPolicy } from './retry-policy.ts';
import { defaultRetryRules, type Refusal, type RetryRules } from './retry-rules.ts';

const refusal: Refusal = { class: 'transient', final: false, lane: 'normal', tenant: 'acme', upstream: 'main', domain: 'example.net' };
const minute = 60_000;

const delay = fc.integer({ min: 0, max: 100 * minute });
const age = fc.option(fc.integer({ min: 1, max: 300 * minute }), { nil: undefined });
const policies: fc.Arbitrary<RetryPolicy> = fc
  .tuple(
    fc.oneof(
      fc.record({ kind: fc.constant('fixed' as const), delaysMs: fc.array(delay, { maxLength: 8 }) }),
      fc.record({
        kind: fc.constant('exponential' as const),
        baseMs: fc.integer({ min: 1, max: 10 * minute }),
        factor: fc.integer({ min: 1, max: 5 }),
        capMs: fc.integer({ min: 10 * minute, max: 60 * minute }),
        retries: fc.integer({ min: 1, max: 30 }),
        jitter: fc.constantFrom('none' as const, 'full' as const),
      }),
    ),
    age,
  )
  .map(([policy, maxAgeMs]) => (maxAgeMs === undefined ? policy : { ...policy, maxAgeMs }));

interface Draw {
  readonly policy: RetryPolicy;
  readonly hintMs: number | null;
  readonly jitters: readonly number[];
}

const draws: fc.Arbitrary<Draw> = fc.record({
  policy: policies,
  hintMs: fc.option(fc.integer({ min: 1_000, max: 6 * 60 * minute })),
  jitters: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 40 }),
});

const rulesOf = (policy: RetryPolicy): RetryRules => ({ rules: [], default: policy, maxAgeMs: 1_000 * minute });

/** The times at which a recipient is tried that is refused each time in the same words, from 0 on. */
function triesOf({ policy, hintMs, jitters }: Draw): number[] {
  const tries = [0];
  for (;;) {
    const jitter = jitters[tries.length % jitters.length] ?? 0;
    const next = nextTry(rulesOf(policy), refusal, { spent: tries.length, hintMs, jitter, since: 0, now: tries.at(-1) ?? 0 });
    if (next.kind !== 'at') return tries;
    tries.push(next.due);
  }
}

describe('whatever the policy, the hint and chance', () => {
  test('no retry comes before the least wait or the hint, none after the cap or the maximum age, and they end', () => {
    fc.assert(
      fc.property(draws, (draw) => {
        const tries = triesOf(draw);
        expect(tries.length - 1).toBeLessThanOrEqual(draw.policy.kind === 'fixed' ? draw.policy.delaysMs.length : draw.policy.retries);
        tries.slice(1).forEach((due, index) => {
          const waited = due - (tries[index] ?? 0);
          const span = waitBefore(draw.policy, index + 1);
          const hint = draw.hintMs ?? 0;
          expect(waited).toBeGreaterThanOrEqual(index === 0 && draw.hintMs !== null ? hint : Math.max(span?.leastMs ?? Infinity, hint));
          expect(waited).toBeLessThanOrEqual(Math.max(span?.mostMs ?? 0, hint));
          if (draw.policy.kind === 'exponential') expect(waited).toBeLessThanOrEqual(Math.max(draw.policy.capMs, hint));
          expect(due).toBeLessThanOrEqual(draw.policy.maxAgeMs ?? 1_000 * minute);
        });
      }),
    );
  });

  test('what is planned is what happens', () => {
    fc.assert(
      fc.property(draws, (draw) => {
        const tries = triesOf(draw).slice(1);
        const { retries } = planRetries(rulesOf(draw.policy), refusal, draw.hintMs);
        expect(tries.length).toBeLessThanOrEqual(retries.length);
        tries.forEach((due, index) => {
          expect(due).toBeGreaterThanOrEqual(retries[index]?.after.leastMs ?? Infinity);
          expect(due).toBeLessThanOrEqual(retries[index]?.after.mostMs ?? 0);
        });
        const isExact = draw.policy.kind === 'fixed' || draw.policy.jitter === 'none';
        if (isExact) expect(retries.map(({ after }) => after.leastMs)).toEqual(tries);
      }),
    );
  });
});

test('tells refused for good from tried too often', () => {
  const then = { spent: 4, hintMs: null, jitter: 0, since: 0, now: 0 };
  expect(nextTry(defaultRetryRules, { ...refusal, class: 'content', final: true }, then)).toEqual({ kind: 'refused' });
  expect(nextTry(defaultRetryRules, { ...refusal, class: 'mailbox_full', final: true }, then)).toEqual({ kind: 'exhausted' });
  expect(nextTry(defaultRetryRules, refusal, then)).toEqual({ kind: 'exhausted' });
});

test('counts the age from the acceptance, and gives up rather than come back too old', () => {
  const at = (now: number) => nextTry({ ...defaultRetryRules, maxAgeMs: 10 * minute }, refusal, { spent: 2, hintMs: null, jitter: 0, since: 0, now });
  expect(at(5 * minute)).toEqual({ kind: 'at', due: 10 * minute });
  expect(at(5 * minute + 1)).toEqual({ kind: 'exhausted' });
});
