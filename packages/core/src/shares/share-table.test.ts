import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evenParts, indivisibleLimits, sumOf } from './share-table.ts';

const limited = (limit: number) => ({
  upstreamRules: new Map([['main', { limits: { perSecond: limit, concurrency: limit }, maxConnections: limit, adaptive: true }]]),
  domainLimits: new Map([['*', { perHour: limit }]]),
});

it('even parts come to the limit, neither more nor less, and differ by one at most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 256 }), fc.integer({ min: 0, max: 100_000 }), (partitions, limit) => {
      const parts = evenParts(limit, partitions);
      expect(parts).toHaveLength(partitions);
      expect(sumOf(parts)).toBe(limit);
      expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
    }),
  );
});

it('names the limits of which some partition would have nothing', () => {
  expect(indivisibleLimits(limited(3), 3)).toEqual([]);
  expect(indivisibleLimits(limited(0), 3)).toEqual([]);
  expect(indivisibleLimits(limited(3), 4)).toEqual([
    'upstream main: perSecond is 3',
    'upstream main: concurrency is 3',
    'upstream main: maxConnections is 3',
    'domain *: perHour is 3',
  ]);
});
