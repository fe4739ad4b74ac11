import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CalendarEntry, outlookAt } from './traffic-calendar.ts';

const saturday: CalendarEntry = { days: [6], fromMinute: 16 * 60, toMinute: 18 * 60, timeZone: 'Europe/Amsterdam', multiplier: 4, freeze: true };
const at = (text: string) => Temporal.ZonedDateTime.from(text).epochMilliseconds;
const minutes = (count: number) => count * 60_000;
const quiet = { multiplier: 1, frozen: false };

describe('outlookAt', () => {
  test('counts a multiplier from the look-ahead on, a freeze only while the entry lasts', () => {
    const look = (text: string) => outlookAt([saturday], at(`${text}[Europe/Amsterdam]`), minutes(10));
    expect(look('2026-11-28T15:49:59')).toEqual(quiet);
    expect(look('2026-11-28T15:50')).toEqual({ multiplier: 4, frozen: false });
    expect(look('2026-11-28T16:00')).toEqual({ multiplier: 4, frozen: true });
    expect(look('2026-11-28T17:59:59')).toEqual({ multiplier: 4, frozen: true });
    expect(look('2026-11-28T18:00')).toEqual(quiet);
    expect(look('2026-11-27T17:00')).toEqual(quiet);
  });

  test('goes past midnight, to midnight and around the clock', () => {
    const night = { ...saturday, fromMinute: 22 * 60, toMinute: 2 * 60 };
    const isIn = (entry: CalendarEntry, text: string) => outlookAt([entry], at(`${text}[Europe/Amsterdam]`), 0).frozen;
    expect(['2026-11-28T22:00', '2026-11-29T01:59'].map((time) => isIn(night, time))).toEqual([true, true]);
    expect(['2026-11-28T01:00', '2026-11-29T02:00'].map((time) => isIn(night, time))).toEqual([false, false]);
    const day = { ...saturday, fromMinute: 0, toMinute: 1_440 };
    expect(['2026-11-28T00:00', '2026-11-28T23:59'].map((time) => isIn(day, time))).toEqual([true, true]);
    expect(['2026-11-27T23:59', '2026-11-29T00:00'].map((time) => isIn(day, time))).toEqual([false, false]);
  });

  test('knows dates beside weekdays, and takes the greatest multiplier of those that meet', () => {
    const calendar = [
      { ...saturday, days: ['2026-12-24'], fromMinute: 0, toMinute: 1_440, multiplier: 2 },
      { ...saturday, days: [4], multiplier: 3 },
    ];
    const multiplier = (text: string) => outlookAt(calendar, at(`${text}[Europe/Amsterdam]`), 0).multiplier;
    expect(['2026-12-24T12:00', '2026-12-24T17:00', '2026-12-31T12:00'].map(multiplier)).toEqual([2, 3, 1]);
  });

  test('goes by the clock of its time zone, whatever that is elsewhere', () => {
    const tokyo = { ...saturday, timeZone: 'Asia/Tokyo' };
    expect(outlookAt([tokyo], at('2026-11-28T07:00[UTC]'), 0).frozen).toBe(true);
    expect(outlookAt([tokyo], at('2026-11-28T16:00[UTC]'), 0).frozen).toBe(false);
  });
});

/** Both changes of the clock in three zones: one of them at midnight, one of half an hour. */
const changes = [
  ['Europe/Amsterdam', '2026-03-29T01:00Z'],
  ['Europe/Amsterdam', '2026-10-25T01:00Z'],
  ['America/Havana', '2026-03-08T05:00Z'],
  ['America/Havana', '2026-11-01T05:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
] as const;

test('around a change of the clock an entry of every day covers what the clock on the wall shows, the hour that comes twice both times or once', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...changes),
      fc.nat(1_439),
      fc.integer({ min: 1, max: 1_440 }),
      fc.integer({ min: -36 * 60, max: 36 * 60 }),
      (change, fromMinute, toMinute, off) => {
        const [timeZone, instant] = change;
        const now = Temporal.Instant.from(instant).epochMilliseconds + minutes(off);
        const entry = { ...saturday, days: [1, 2, 3, 4, 5, 6, 7], fromMinute, toMinute, timeZone };
        const { frozen } = outlookAt([entry], now, 0);
        const clock = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone);
        const shows = clock.hour * 60 + clock.minute;
        const shown = toMinute > fromMinute ? fromMinute <= shows && shows < toMinute : shows >= fromMinute || shows < toMinute;
        // Within an hour of the change an edge that does not exist, or comes twice, has been moved or settled.
        if (Math.abs(off) > 60) expect(frozen).toBe(shown);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('an entry lasts as long as the clock says, less or more the hour that the clock jumps, and no occurrence is left out or split', () => {
  fc.assert(
    fc.property(fc.constantFrom(...changes), fc.nat(1_439), fc.integer({ min: 1, max: 1_439 }), (change, fromMinute, length) => {
      const [timeZone, instant] = change;
      const toMinute = ((fromMinute + length - 1) % 1_440) + 1;
      const middle = Temporal.Instant.from(instant).epochMilliseconds;
      const day = Temporal.Instant.fromEpochMilliseconds(middle).toZonedDateTimeISO(timeZone).toPlainDate().toString();
      const entry = { ...saturday, days: [day], fromMinute, toMinute, timeZone };
      const inside: number[] = [];
      for (let off = -36 * 60; off <= 60 * 60; off += 1) if (outlookAt([entry], middle + minutes(off), 0).frozen) inside.push(off);
      expect(inside.length).toBe((inside.at(-1) ?? 0) - (inside[0] ?? 0) + 1);
      expect(Math.abs(inside.length - length)).toBeLessThanOrEqual(60);
    }),
    { numRuns: 20 },
  );
});
