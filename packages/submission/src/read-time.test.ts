import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readInstant, readLocalTime, readTime } from './read-time.ts';

const utc = Date.UTC;

it.each([
  ['2031-05-01T08:00:00Z', utc(2031, 4, 1, 8)],
  ['2031-05-01t10:00:00.25+02:00', utc(2031, 4, 1, 8, 0, 0, 250)],
  ['2032-02-29 00:00:00-00:30', utc(2032, 1, 29, 0, 30)],
  ['2026-12-24T18:00:00[Europe/Berlin]', utc(2026, 11, 24, 17)],
  ['2026-06-24T18:00[Europe/Berlin]', utc(2026, 5, 24, 16)],
  ['2026-06-24T18:00:00+02:00[Europe/Berlin]', utc(2026, 5, 24, 16)],
  ['2026-06-24T16:00:00Z[!Europe/Berlin]', utc(2026, 5, 24, 16)],
  ['2026-06-24T18:00:00[Asia/Kolkata]', utc(2026, 5, 24, 12, 30)],
  ['2026-06-24T18:00:00[UTC]', utc(2026, 5, 24, 18)],
  ['Thu, 24 Dec 2026 18:00:00 +0100', utc(2026, 11, 24, 17)],
  ['1 May 2031 10:00 -0330', utc(2031, 4, 1, 13, 30)],
  ['Thu, 01 May 2031 10:00:00 GMT', utc(2031, 4, 1, 10)],
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
  '2026-12-24T18:00:00[Europe/Atlantis]',
  '2026-12-24T18:00:00+02:00[Europe/Berlin]',
  '2026-12-24T18:00:00[Europe/Berlin][u-ca=hebrew]',
  '2026-02-30T18:00:00[Europe/Berlin]',
  '2026-12-24[Europe/Berlin]',
  'Fri, 24 Dec 2026 18:00:00 +0100',
  'Thu, 24 Dec 2026 18:00:00',
  'Thu, 24 Dec 2026 18:00:00 EST',
  '31 Feb 2031 10:00:00 +0000',
  '1 Mai 2031 10:00:00 +0000',
])('%j is none', (text) => {
  expect(readTime(text)).toBeUndefined();
});

describe('around a change of the clocks', () => {
  it.each([
    // 2026-03-29: 02:00 becomes 03:00.
    ['2026-03-29T01:59:59[Europe/Berlin]', utc(2026, 2, 29, 0, 59, 59)],
    ['2026-03-29T02:30:00[Europe/Berlin]', utc(2026, 2, 29, 1, 30)],
    ['2026-03-29T03:00:00[Europe/Berlin]', utc(2026, 2, 29, 1)],
    // 2026-10-25: 03:00 becomes 02:00.
    ['2026-10-25T02:30:00[Europe/Berlin]', utc(2026, 9, 25, 0, 30)],
    ['2026-10-25T02:30:00+02:00[Europe/Berlin]', utc(2026, 9, 25, 0, 30)],
    ['2026-10-25T02:30:00+01:00[Europe/Berlin]', utc(2026, 9, 25, 1, 30)],
    ['2026-10-25T03:00:00[Europe/Berlin]', utc(2026, 9, 25, 2)],
    // By half an hour: 2026-10-04, 02:00 becomes 02:30.
    ['2026-10-04T02:15:00[Australia/Lord_Howe]', utc(2026, 9, 3, 15, 45)],
  ])('%s', (text, time) => {
    expect(readTime(text)).toBe(time);
  });

  it('refuses an offset that the zone does not have then', () => {
    expect(readTime('2026-03-29T02:30:00+01:00[Europe/Berlin]')).toBeUndefined();
    expect(readTime('2026-07-01T12:00:00+01:00[Europe/Berlin]')).toBeUndefined();
  });
});

it('reads back every time to the millisecond, in whatever zone it is told', () => {
  const times = fc.integer({ min: utc(1970, 0), max: utc(2100, 0) });
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia');
  fc.assert(
    fc.property(times, zones, (time, zone) => {
      expect(readTime(new Date(time).toISOString())).toBe(time);
      const told = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(zone);
      fc.pre(told.second === 0 || told.offsetNanoseconds % 60_000_000_000 === 0);
      expect(readTime(told.toString())).toBe(time);
    }),
  );
});

it('reads no more than RFC 3339 where that alone is allowed', () => {
  expect(readInstant('2031-05-01T10:00:00+02:00')).toBe(utc(2031, 4, 1, 8));
  for (const text of ['2026-12-24T18:00:00[Europe/Berlin]', 'Thu, 24 Dec 2026 18:00:00 +0100']) expect(readInstant(text)).toBeUndefined();
});

it.each([
  ['2026-12-24', utc(2026, 11, 23, 23)],
  ['2026-12-24T18:00', utc(2026, 11, 24, 17)],
  ['2026-12-24 18:00:30', utc(2026, 11, 24, 17, 0, 30)],
  ['2026-03-29T02:30', utc(2026, 2, 29, 1, 30)],
  ['2026-12-24T18:00:00Z', undefined],
  ['2026-02-30', undefined],
])('%s at a clock in Berlin', (text, time) => {
  expect(readLocalTime(text, 'Europe/Berlin')).toBe(time);
});
