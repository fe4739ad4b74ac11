import { expect, test } from 'vitest';
import { startBy } from './lane-target.ts';

const minute = 60_000;
const [normal, low] = [{ targetMs: 5 * minute }, { targetMs: Infinity }];

test('a mail should be begun by its lane’s target, or by its deadline where that is earlier', () => {
  expect(startBy(normal, 0)).toBe(5 * minute);
  expect(startBy(normal, 0, 10 * minute)).toBe(5 * minute);
  expect(startBy(normal, 0, minute)).toBe(minute);
});

test('in a lane without a target a day stands in, so that mail without a deadline does not wait for ever behind mail with one', () => {
  expect(startBy(low, 0)).toBe(24 * 60 * minute);
  expect(startBy(low, 0, 25 * 60 * minute)).toBe(24 * 60 * minute);
});
