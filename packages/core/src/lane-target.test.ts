import { expect, test } from 'vitest';
import { defaultLaneTargets, startBy } from './lane-target.ts';

const minute = 60_000;

test('a mail should be begun by its lane’s target, or by its deadline where that is earlier', () => {
  expect(startBy('normal', 0, defaultLaneTargets)).toBe(5 * minute);
  expect(startBy('normal', 0, defaultLaneTargets, 10 * minute)).toBe(5 * minute);
  expect(startBy('normal', 0, defaultLaneTargets, minute)).toBe(minute);
});

test('in a lane without a target a day stands in, so that mail without a deadline does not wait for ever behind mail with one', () => {
  expect(startBy('low', 0, defaultLaneTargets)).toBe(24 * 60 * minute);
  expect(startBy('low', 0, defaultLaneTargets, 25 * 60 * minute)).toBe(24 * 60 * minute);
});
