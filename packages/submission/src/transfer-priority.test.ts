import { lanes } from '@posthaste/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { grantedPriority, laneOfPriority, readPriority } from './transfer-priority.ts';

it.each(['-9', '-1', '0', '1', '9'])('%s is a priority', (text) => {
  expect(readPriority(text)).toBe(Number(text));
});

it.each(['', '10', '-0', '+1', '01', ' 1', '1.0', '1e0', '-', '\u0661'])('%j is none', (text) => {
  expect(readPriority(text)).toBeUndefined();
});

it('rounds up to the levels that are lanes', () => {
  const priorities = Array.from({ length: 19 }, (_, index) => index - 9);
  const name = (lane: string | undefined, times: number) => Array.from({ length: times }, () => lane);
  expect(priorities.map(laneOfPriority)).toEqual([...name('low', 6), ...name(undefined, 4), ...name('high', 4), ...name('immediate', 5)]);
});

it('leaves a priority as it is, or lowers it to the level of the most urgent lane there is', () => {
  expect(grantedPriority(9, undefined)).toBe(9);
  expect(grantedPriority(9, 'high')).toBe(4);
  expect(grantedPriority(1, 'high')).toBe(1);
  expect(grantedPriority(1, 'normal')).toBe(0);
  expect(grantedPriority(0, 'low')).toBe(-4);
  expect(grantedPriority(-9, 'low')).toBe(-9);
});

it('never grants more than was asked', () => {
  fc.assert(
    fc.property(fc.integer({ min: -9, max: 9 }), fc.constantFrom(...lanes), (priority, lane) => {
      expect(grantedPriority(priority, lane)).toBeLessThanOrEqual(priority);
      expect(grantedPriority(grantedPriority(priority, lane), lane)).toBe(grantedPriority(priority, lane));
    }),
  );
});
