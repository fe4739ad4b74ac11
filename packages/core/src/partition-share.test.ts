import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defaultPolicy } from './engine-state.ts';
import { indivisibleLimits, policyOfPartition } from './partition-share.ts';

const limited = (limit: number) => ({
  ...defaultPolicy,
  upstreamRules: new Map([['main', { limits: { perSecond: limit, concurrency: limit }, maxConnections: limit, adaptive: true }]]),
  domainLimits: new Map([['*', { perHour: limit }]]),
});

it('leaves the policy of an only partition as it is', () => {
  const policy = limited(7);
  expect(policyOfPartition(policy, { partition: 0, partitions: 1 })).toBe(policy);
});

it('gives each partition its share of every limit, and all of them together neither more nor less than it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 256 }), fc.integer({ min: 0, max: 100_000 }), (partitions, more) => {
      const limit = partitions + more;
      const policies = Array.from({ length: partitions }, (_, partition) => policyOfPartition(limited(limit), { partition, partitions }));
      const rules = policies.map(({ upstreamRules }) => upstreamRules.get('main'));
      for (const shares of [
        rules.map((rule) => rule?.limits.perSecond ?? 0),
        rules.map((rule) => rule?.limits.concurrency ?? 0),
        rules.map((rule) => rule?.maxConnections ?? 0),
        policies.map(({ domainLimits }) => domainLimits.get('*')?.perHour ?? 0),
      ]) {
        expect(shares.reduce((sum, share) => sum + share)).toBe(limit);
        expect(Math.min(...shares)).toBeGreaterThan(0);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }
    }),
  );
});

it('names the limits of which some partition would have nothing', () => {
  expect(indivisibleLimits(limited(3), 3)).toEqual([]);
  expect(indivisibleLimits(limited(3), 4)).toEqual([
    'upstream main: perSecond is 3',
    'upstream main: concurrency is 3',
    'upstream main: maxConnections is 3',
    'domain *: perHour is 3',
  ]);
});
