import { Random } from '@posthaste/core/simulation';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrivalsOf } from './arrivals.ts';
import type { Pattern } from './workload.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

function arrivals(pattern: Pattern, forMs = hourMs, intoDayMs = 0, seed = 1): number[] {
  return [...arrivalsOf(pattern, { forMs, intoDayMs }, new Random(seed))];
}

describe('arrivals', () => {
  it('come in order, whatever the pattern', () => {
    const pattern = fc.oneof(
      fc.record({ kind: fc.constant('steady' as const), rate: fc.double({ min: 1e-6, max: 0.05, noNaN: true }) }),
      fc.record({
        kind: fc.constant('daily' as const),
        mails: fc.nat(50_000),
        peakMs: fc.nat(24 * hourMs),
        lowest: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      fc.record({ kind: fc.constant('hourly' as const), mails: fc.array(fc.nat(2_000), { minLength: 24, maxLength: 24 }) }),
      fc.record({ kind: fc.constant('bursts' as const), everyMs: fc.constant(10 * minuteMs), mails: fc.nat(50), withinMs: fc.nat(minuteMs) }),
      fc.record({
        kind: fc.constant('campaign' as const),
        atMs: fc.nat(hourMs),
        mails: fc.nat(500),
        rate: fc.double({ min: 0.001, max: 1, noNaN: true }),
      }),
    );
    fc.assert(
      fc.property(pattern, fc.nat(1_000), (each, seed) => {
        const times = arrivals(each, hourMs, 0, seed);
        expect(times).toEqual([...times].sort((one, other) => one - other));
        expect(times.every((time) => time >= 0)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('are about as many as their rate says', () => {
    expect(arrivals({ kind: 'steady', rate: 5 / 1_000 }).length).toBeGreaterThan(17_000);
    expect(arrivals({ kind: 'steady', rate: 5 / 1_000 }).length).toBeLessThan(19_000);
    const daily = arrivals({ kind: 'daily', mails: 20_000, peakMs: 17 * hourMs, lowest: 0.1 }, 24 * hourMs);
    expect(Math.abs(daily.length - 20_000)).toBeLessThan(1_000);
  });

  it('are most at the peak of the day, counted from midnight where the workload begins', () => {
    const times = arrivals({ kind: 'daily', mails: 24_000, peakMs: 17 * hourMs, lowest: 0 }, 24 * hourMs, 9 * hourMs);
    const perHour = Array.from({ length: 24 }, (_, hour) => times.filter((time) => Math.floor(time / hourMs) === hour).length);
    const busiest = perHour.indexOf(Math.max(...perHour));
    expect([7, 8]).toContain(busiest);
  });

  it('keep to the hours that are given', () => {
    const mails = Array.from({ length: 24 }, (_, hour) => (hour === 16 ? 1_000 : 0));
    const times = arrivals({ kind: 'hourly', mails }, 4 * hourMs, 14 * hourMs);
    expect(times.length).toBeGreaterThan(850);
    expect(times.every((time) => time >= 2 * hourMs && time < 3 * hourMs)).toBe(true);
  });

  it('of a campaign come at its pace from its time on', () => {
    expect(arrivals({ kind: 'campaign', atMs: 100, mails: 4, rate: 0.5 })).toEqual([100, 102, 104, 106]);
  });
});
