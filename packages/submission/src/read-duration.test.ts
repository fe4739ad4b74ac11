import { expect, it } from 'vitest';
import { readDuration } from './read-duration.ts';

it.each([
  ['1ms', 1],
  ['90s', 90_000],
  ['15m', 900_000],
  ['2h', 7_200_000],
  ['3d', 259_200_000],
])('%s is a duration', (text, ms) => {
  expect(readDuration(text)).toBe(ms);
});

it.each(['', '0s', '10', '-1s', '1.5h', '1w', '1 h', '1H', '1234567890s'])('%j is none', (text) => {
  expect(readDuration(text)).toBeUndefined();
});
