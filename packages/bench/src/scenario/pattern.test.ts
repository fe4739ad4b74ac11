import { expect, it } from 'vitest';
import { patternNames, patterns, rateAt, slicesOf } from './pattern.ts';

it('follows straight lines between its points', () => {
  expect(rateAt(patterns.wedding, 0)).toBe(2_000);
  expect(rateAt(patterns.wedding, 0.1)).toBe(3_000);
  expect(rateAt(patterns.wedding, 0.4)).toBe(15_000);
  expect(rateAt(patterns.wedding, 1)).toBe(2_000);
});

it('comes to the mails that its level promises', () => {
  const mails = slicesOf(patterns.stress, 5, 5_000).reduce((sum, { forMs, ratePerSecond }) => sum + (forMs * ratePerSecond) / 1000, 0);
  expect(Math.round(mails)).toBe(100_000);
});

it('has the peaks that it is known by', () => {
  const peak = (name: (typeof patternNames)[number]) => Math.max(...patterns[name].points.map(({ mailsPerMinute }) => mailsPerMinute));
  expect(patternNames.map(peak)).toEqual([15_000, 10_000, 20_000, 10_000]);
});
