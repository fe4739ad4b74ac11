import { describe, expect, it } from 'vitest';
import { SteadyClock, type ClockPeriod } from './steady-clock.ts';

const seenUpTo = (normal: number): ClockPeriod['seen'] => ({ immediate: 0, high: 0, normal, low: 0, wait: 0 });
const at = (sequence: number) => ({ kind: 'log', lane: 'normal', sequence }) as const;

function clockAfter(...jumps: readonly { readonly seen: number; readonly by: number }[]): SteadyClock {
  const clock = new SteadyClock();
  let wall = 1_000_000;
  clock.look({ wall, mono: 0 }, () => seenUpTo(0));
  for (const { seen, by } of jumps) clock.look({ wall: (wall += by), mono: 0 }, () => seenUpTo(seen));
  return clock;
}

describe('SteadyClock', () => {
  it('takes a small difference for drift, which is not counted, however often it comes', () => {
    const clock = clockAfter(...Array.from({ length: 100 }, () => ({ seen: 0, by: 999 })));
    expect([clock.skewMs, clock.takeChange()]).toEqual([0, undefined]);
  });

  it('counts the time in which the machine slept', () => {
    const clock = clockAfter();
    clock.look({ wall: 8_201_000, mono: 1_000, sleptMs: 7_200_000 }, () => seenUpTo(0));
    expect([clock.skewMs, clock.now]).toEqual([0, 8_201_000]);
  });

  it('knows how far the wall clock was ahead when a mail came', () => {
    const clock = clockAfter({ seen: 3, by: 10_000 }, { seen: 3, by: 5_000 }, { seen: 8, by: -20_000 });
    expect([1, 3, 4, 8, 9].map((sequence) => clock.skewAt(at(sequence)))).toEqual([0, 0, 15_000, 15_000, -5_000]);
  });

  it('is told once what a successor must know, and the successor goes on where it stood', () => {
    const clock = clockAfter({ seen: 3, by: 10_000 }, { seen: 5, by: 10_000 });
    const marks = clock.takeChange();
    expect(clock.takeChange()).toBeUndefined();
    const successor = new SteadyClock();
    successor.restore(marks, 0, { wall: 1_020_500, mono: 0 }, () => seenUpTo(5));
    expect([successor.now, successor.skewAt(at(1)), successor.skewAt(at(4)), successor.skewAt(at(6))]).toEqual([1_000_500, 0, 10_000, 20_000]);
  });

  it('never goes back, though the wall clock was set back while nobody looked', () => {
    const successor = new SteadyClock();
    successor.restore(undefined, 1_000_000, { wall: 100_000, mono: 0 }, () => seenUpTo(7));
    expect([successor.now, successor.skewAt(at(7)), successor.skewAt(at(8))]).toEqual([1_000_000, 0, -900_000]);
    expect(successor.takeChange()).toMatchObject({ skewMs: -900_000 });
  });

  it('keeps no more periods than fit a checkpoint', () => {
    const clock = clockAfter(...Array.from({ length: 100 }, (_, index) => ({ seen: index, by: 2_000 })));
    expect(clock.marks().periods).toHaveLength(32);
    expect(clock.skewAt(at(99))).toBe(198_000);
  });
});
