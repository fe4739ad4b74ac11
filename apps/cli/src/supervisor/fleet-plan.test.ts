import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FleetPace, type FleetSight, keepSights, planFleet } from './fleet-plan.ts';

const bounds = { least: 2, most: 20 };
const pace: FleetPace = { growAfterMs: 30_000, shrinkAfterMs: 300_000, lateAtOnce: 5_000 };
const everyMs = 2_000;

/** Looks every two seconds at what `see` tells for each look. Answers the counts after each. */
function follow(looks: readonly (Partial<FleetSight> | null)[], start = bounds.least): number[] {
  let sights: FleetSight[] = [];
  let running = start;
  return looks.map((seen, index) => {
    sights = seen ? keepSights([...sights, { at: index * everyMs, needed: 1, late: 0, frozen: false, ...seen }], pace) : [];
    running = planFleet(sights, running, bounds, pace);
    return running;
  });
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const growLooks = pace.growAfterMs / everyMs;
const shrinkLooks = pace.shrinkAfterMs / everyMs;

describe('planFleet', () => {
  it('grows to what was needed all through the wait', () => {
    const counts = follow([...times(growLooks, { needed: 9 }), { needed: 6 }, { needed: 9 }]);
    expect(counts.slice(0, growLooks)).toEqual(times(growLooks, 2));
    expect(counts.slice(growLooks)).toEqual([6, 6]);
  });

  it('grows at once when more than 5,000 mails are late, but only to what is needed', () => {
    expect(follow([{ needed: 9, late: 5_001 }])).toEqual([9]);
    expect(follow([{ needed: 9, late: 5_000 }])).toEqual([2]);
    expect(follow([{ needed: 2, late: 1_000_000 }])).toEqual([2]);
  });

  it('shrinks when fewer were needed all through the longer wait', () => {
    const counts = follow([...times(shrinkLooks, { needed: 3 }), { needed: 3 }], 8);
    expect(counts.slice(0, shrinkLooks)).toEqual(times(shrinkLooks, 8));
    expect(counts.at(-1)).toBe(3);
  });

  it('keeps what the calendar freezes, and lets it go after', () => {
    const looks = times(shrinkLooks + 1, { needed: 3, frozen: true });
    expect(follow(looks, 8).at(-1)).toBe(8);
    expect(follow([...looks, { needed: 3 }], 8).at(-1)).toBe(3);
  });

  it('stays as it is when nothing was heard, and begins to count anew', () => {
    const counts = follow([...times(growLooks, { needed: 9 }), null, ...times(growLooks, { needed: 9 }), { needed: 9 }]);
    expect(counts.slice(0, -1)).toEqual(times(2 * growLooks + 1, 2));
    expect(counts.at(-1)).toBe(9);
  });

  const look = fc.oneof(
    { weight: 20, arbitrary: fc.record({ needed: fc.nat(40), late: fc.constant(0), frozen: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant(null) },
  );
  /** What is needed stays for a while, or jumps about. */
  const stretches = fc.array(fc.tuple(look, fc.constantFrom(1, 2, growLooks - 1, growLooks + 1, shrinkLooks + 1)), { maxLength: 30 });
  const spread = (parts: readonly (readonly [Partial<FleetSight> | null, number])[]) => parts.flatMap(([seen, count]) => times(count, seen));

  it('keeps to its bounds, and never does up and down again within a wait', () => {
    fc.assert(
      fc.property(stretches, fc.integer({ min: bounds.least, max: bounds.most }), (parts, start) => {
        const counts = follow(spread(parts), start);
        let grewAt = -Infinity;
        let shrankAt = -Infinity;
        for (const [index, count] of counts.entries()) {
          expect(count).toBeGreaterThanOrEqual(bounds.least);
          expect(count).toBeLessThanOrEqual(bounds.most);
          const before = counts[index - 1] ?? start;
          if (count > before) {
            expect((index - shrankAt) * everyMs).toBeGreaterThanOrEqual(pace.growAfterMs);
            grewAt = index;
          }
          if (count < before) {
            expect((index - grewAt) * everyMs).toBeGreaterThanOrEqual(pace.shrinkAfterMs);
            shrankAt = index;
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never ends below what is needed now, as far as its bounds go, nor takes one away in a freeze', () => {
    fc.assert(
      fc.property(stretches, fc.integer({ min: bounds.least, max: bounds.most }), (parts, start) => {
        const looks = spread(parts);
        const counts = follow(looks, start);
        for (const [index, count] of counts.entries()) {
          const before = counts[index - 1] ?? start;
          if (count >= before) continue;
          expect(count).toBeGreaterThanOrEqual(Math.min(bounds.most, looks[index]?.needed ?? 0));
          expect(looks[index]?.frozen).not.toBe(true);
        }
      }),
    );
  });

  it('comes to what is needed when that stays, whatever was before', () => {
    fc.assert(
      fc.property(stretches, fc.nat(40), (parts, needed) => {
        const counts = follow([...spread(parts), ...times(shrinkLooks + 1, { needed })]);
        expect(counts.at(-1)).toBe(Math.min(bounds.most, Math.max(bounds.least, needed)));
      }),
    );
  });
});
