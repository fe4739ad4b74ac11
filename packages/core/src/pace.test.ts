import { expect, test } from 'vitest';
import { Pace } from './pace.ts';

test('is the mean of the last minute', () => {
  const pace = new Pace();
  for (let ms = 0; ms < 120_000; ms += 100) pace.count(ms);
  expect(pace.perSecond(119_999)).toBe(10);
});

test('of the last seconds is that of the burst in them', () => {
  const pace = new Pace();
  for (let ms = 0; ms < 60_000; ms += 1_000) pace.count(ms);
  expect(pace.latelyPerSecond(59_999)).toBeCloseTo(1);
  for (let ms = 100_000; ms < 102_000; ms += 10) pace.count(ms);
  expect(pace.latelyPerSecond(102_000)).toBeCloseTo(100);
  expect(pace.latelyPerSecond(110_000)).toBe(0);
});

test('of a shorter time, when it began less than a minute ago', () => {
  const pace = new Pace();
  for (let ms = 3_600_000; ms < 3_602_000; ms += 100) pace.count(ms);
  expect(pace.perSecond(3_601_999)).toBe(10);
});

test('forgets what is over a minute old, and all of it after a long silence', () => {
  const pace = new Pace();
  for (let index = 0; index < 600; index += 1) pace.count(500);
  expect(pace.perSecond(30_500)).toBeCloseTo(600 / 31);
  expect(pace.perSecond(59_999)).toBe(10);
  expect(pace.perSecond(60_000)).toBe(0);
  expect(pace.perSecond(9_000_000)).toBe(0);
});

test('is nothing while nothing was counted', () => expect(new Pace().perSecond(5_000)).toBe(0));
