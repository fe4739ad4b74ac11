import fc from 'fast-check';
import type { RetryPolicy } from '@posthaste/core/retry-policy';
import { describe, expect, it } from 'vitest';
import { ConfigError, furtherLaneSettings, loadConfig, retryRulesOf, retrySettings, showMatch, showPolicy, upstreamSettings } from './index.ts';
import { parsePolicy } from './retry-policy.ts';

const schema = { ...retrySettings, ...upstreamSettings, ...furtherLaneSettings };
const load = (rules: string, file = '') =>
  loadConfig(schema, { argv: file === '' ? [] : ['--config=x.yaml'], env: { POSTHASTE_SCHEDULER_RETRY_RULES: rules }, readFile: () => file });
const [minute, hour] = [60_000, 3_600_000];

it('tries again after 1, 5 and 15 minutes, for five days at most, when nothing is set', () => {
  expect(retryRulesOf(load('').values)).toEqual({
    rules: [],
    default: { kind: 'fixed', delaysMs: [minute, 5 * minute, 15 * minute] },
    maxAgeMs: 120 * hour,
  });
});

const rules = [
  { match: { lane: 'immediate' }, policy: { kind: 'fixed', delaysMs: [10_000, 30_000], maxAgeMs: 5 * minute } },
  {
    match: { class: 'rate_limited', domain: 'example.net' },
    policy: { kind: 'exponential', baseMs: minute, factor: 1.5, capMs: hour, retries: 10, jitter: 'none' },
  },
  { match: { class: 'mailbox_full' }, policy: { kind: 'fixed', delaysMs: [] } },
  { match: {}, policy: { kind: 'exponential', baseMs: 30_000, factor: 2, capMs: hour, retries: 10, jitter: 'full' } },
];

describe('rules', () => {
  it('are read from a line, in order', () => {
    const line =
      'lane:immediate=10s,30s maxAge=5m; class:rate_limited domain:Example.NET = exponential base=1m factor=1.5 cap=1h retries=10 jitter=none; class:mailbox_full=none; *=exponential base=30s';
    expect(load(line).values['scheduler.retryRules']).toEqual(rules);
  });

  it('are read from a file, as a sequence or a mapping', () => {
    const lines = [
      'lane:immediate=10s,30s maxAge=5m',
      'class:rate_limited domain:example.net=exponential base=1m factor=1.5 cap=1h retries=10 jitter=none',
      'class:mailbox_full=none',
      '*=exponential base=30s',
    ];
    const sequence = lines.map((line) => `    - "${line}"\n`).join('');
    const mapping = lines.map((line) => `    "${line.slice(0, line.indexOf('='))}": ${line.slice(line.indexOf('=') + 1)}\n`).join('');
    for (const text of [sequence, mapping]) expect(load('', `scheduler:\n  retryRules:\n${text}`).values['scheduler.retryRules']).toEqual(rules);
  });

  it('are shown in the form in which they are read', () => {
    const shown = load('', 'scheduler: { retryRules: { "*": "exponential base=30s", "class:mailbox_full lane:low": "1h,4h maxAge=2d" } }').list();
    expect(shown.find(({ key }) => key === 'scheduler.retryRules')?.value).toBe(
      '*=exponential base=30s factor=2 cap=1h retries=10 jitter=full; class:mailbox_full lane:low=1h,4h maxAge=2d',
    );
    expect([{}, { lane: 'low', tenant: 'x' }].map(showMatch)).toEqual(['*', 'lane:low tenant:x']);
  });

  it.each([
    ['1m,5m', 'with a match of *, or of one or more of class:<transient|permanent|greylisted|'],
    ['class:spam=1m', "instead of 'class:spam=1m'"],
    ['class:authentication=1m', "instead of 'class:authentication=1m'"],
    ['lane:Urgent=1m', 'lane:<immediate|high|normal|low, or a further one>'],
    ['lane:urgent=1m', "one of the lanes immediate, high, normal, low instead of 'lane:urgent'"],
    ['lane:low lane:high=1m', "instead of 'lane:low lane:high=1m'"],
    ['domain:a@example.net=1m', "instead of 'domain:a@example.net=1m'"],
    ['upstream:ses=1m', "one of the upstreams main in 'upstream:ses=1m'"],
    ['*=', 'a policy such as 1m,5m,15m'],
    ['*=5', 'a policy such as 1m,5m,15m'],
    ['*=1m maxAge=1d maxAge=2d', 'a policy such as 1m,5m,15m'],
    ['*=1m jitter=full', 'a policy such as 1m,5m,15m'],
    ['*=1m,400d', 'a policy such as 1m,5m,15m'],
    ['*=exponential', 'exponential base=1m'],
    ['*=exponential base=1m faktor=2', 'exponential base=1m'],
    ['*=exponential base=2h', 'a cap of at least the base'],
    ['*=exponential base=1m factor=0.5', 'a factor from 1 to 100'],
    ['*=exponential base=1m retries=0', 'retries from 1 to 1000'],
    ['*=exponential base=1m jitter=some', 'jitter=none|full'],
  ])('refuse %j and say what they expect', (line, sentence) => {
    expect(() => load(line)).toThrow(ConfigError);
    expect(() => load(line)).toThrow(sentence);
  });
});

it('a policy that is shown and read again is the same', () => {
  const age = { maxAgeMs: fc.integer({ min: 0, max: hour }) };
  const policies: fc.Arbitrary<RetryPolicy> = fc.oneof(
    fc.record(
      { kind: fc.constant('fixed' as const), delaysMs: fc.array(fc.integer({ min: 0, max: 48 * hour }), { maxLength: 5 }), ...age },
      { requiredKeys: ['kind', 'delaysMs'] },
    ),
    fc.record(
      {
        kind: fc.constant('exponential' as const),
        baseMs: fc.integer({ min: 1, max: hour }),
        factor: fc.integer({ min: 1, max: 100 }),
        capMs: fc.integer({ min: hour, max: 48 * hour }),
        retries: fc.integer({ min: 1, max: 1_000 }),
        jitter: fc.constantFrom('none' as const, 'full' as const),
        ...age,
      },
      { requiredKeys: ['kind', 'baseMs', 'factor', 'capMs', 'retries', 'jitter'] },
    ),
  );
  fc.assert(
    fc.property(policies, (policy) => {
      expect(parsePolicy(showPolicy(policy))).toEqual({ kind: 'value', value: policy });
    }),
  );
});
