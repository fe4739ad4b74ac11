import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readDuration, readTime } from './read-wish.ts';

it.each([
  ['2031-05-01T08:00:00Z', Date.UTC(2031, 4, 1, 8)],
  ['2031-05-01t10:00:00.25+02:00', Date.UTC(2031, 4, 1, 8, 0, 0, 250)],
  ['2032-02-29 00:00:00-00:30', Date.UTC(2032, 1, 29, 0, 30)],
])('%s is a time', (text, time) => {
  expect(readTime(text)).toBe(time);
});

it.each([
  '',
  'tomorrow',
  '2031-05-01',
  '2031-05-01T08:00:00',
  '2031-05-01T08:00Z',
  '2031-02-30T08:00:00Z',
  '2031-02-29T08:00:00Z',
  '2031-13-01T08:00:00Z',
  '2031-00-00T08:00:00Z',
  '2031-05-01T25:00:00Z',
  ' 2031-05-01T08:00:00Z',
])('%j is none', (text) => {
  expect(readTime(text)).toBeUndefined();
});

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

it('reads back every time to the millisecond', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), (date) => {
      expect(readTime(date.toISOString())).toBe(date.getTime());
    }),
  );
});
