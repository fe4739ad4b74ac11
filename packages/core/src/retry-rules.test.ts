import { describe, expect, test } from 'vitest';
import { choosePolicy, defaultRetryRules, type Refusal, type RetryMatch, type RetryRule } from './retry-rules.ts';

const refusal: Refusal = { class: 'transient', final: false, lane: 'low', tenant: 'shop', upstream: 'ses', domain: 'example.net' };
const rule = (match: RetryMatch, ...delaysMs: number[]): RetryRule => ({ match, policy: { kind: 'fixed', delaysMs } });
const choose = (rules: readonly RetryRule[], of: Partial<Refusal> = {}) => choosePolicy({ ...defaultRetryRules, rules }, { ...refusal, ...of });

test('the first rule that matches is taken, however exact a later one is', () => {
  const rules = [rule({ lane: 'high' }, 1), rule({ lane: 'low' }, 2), rule({ lane: 'low', tenant: 'shop' }, 3)];
  expect(choose(rules)).toEqual({ kind: 'rule', index: 1, ...rules[1] });
});

test.each<RetryMatch>([{ class: 'greylisted' }, { lane: 'high' }, { tenant: 'other' }, { upstream: 'main' }, { domain: 'example.org' }])(
  'all that a rule names has to fit: %j does not',
  (match) => {
    expect(choose([rule({ class: 'transient', lane: 'low', tenant: 'shop', upstream: 'ses', domain: 'example.net', ...match }, 1)]).kind).toBe(
      'default',
    );
  },
);

test('where no rule matches, the default holds', () => {
  expect(choose([])).toEqual({ kind: 'default', policy: defaultRetryRules.default });
  expect(choose([], { class: 'greylisted' }).kind).toBe('default');
});

describe('what is refused for good', () => {
  test('is not tried again, nor by a rule that does not name its class', () => {
    expect(choose([rule({}, 1), rule({ lane: 'low' }, 2)], { class: 'content', final: true })).toMatchObject({
      kind: 'final',
      policy: { delaysMs: [] },
    });
  });

  test('is tried again by a rule that does', () => {
    expect(choose([rule({ class: 'content', lane: 'low' }, 7)], { class: 'content', final: true })).toMatchObject({ kind: 'rule', index: 0 });
  });
});

describe('without rules', () => {
  test('a full mailbox is tried again for hours, after 4xx and 5xx alike', () => {
    const fixed = { kind: 'built in', policy: { delaysMs: [3_600_000, 14_400_000, 43_200_000] } };
    expect(choose([], { class: 'mailbox_full' })).toMatchObject(fixed);
    expect(choose([], { class: 'mailbox_full', final: true })).toMatchObject(fixed);
    expect(choose([rule({ class: 'mailbox_full' })], { class: 'mailbox_full', final: true }), 'unless a rule forbids it').toMatchObject({
      kind: 'rule',
    });
  });

  test('a limit is waited out for longer than a day', () => {
    expect(choose([], { class: 'rate_limited' })).toMatchObject({ kind: 'built in', policy: { kind: 'exponential', capMs: 3_600_000, retries: 72 } });
  });
});
