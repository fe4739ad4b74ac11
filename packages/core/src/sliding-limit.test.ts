import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SlidingLimit } from './sliding-limit.ts';

/** What becomes of a slot that was taken: written so long after, heard of so long after that with so much of an age left out. */
const course = fc.record({
  beforeMs: fc.nat(80),
  writeMs: fc.oneof(fc.constant(0), fc.nat(400)),
  hearMs: fc.nat(300),
  lostMs: fc.nat(200),
  never: fc.boolean(),
});

describe('a sliding limit', () => {
  test('is never exceeded in any window, whatever the delays between taking, writing and hearing of it', () => {
    fc.assert(
      fc.property(fc.array(course, { minLength: 60, maxLength: 120, size: 'max' }), fc.integer({ min: 1, max: 7 }), (courses, most) => {
        const limit = new SlidingLimit(most, 1_000);
        const written: number[] = [];
        const heard: { at: number; latest: number | null }[] = [];
        let now = 0;
        const hearUpTo = (time: number) => {
          for (const word of heard.splice(0).toSorted((one, other) => one.at - other.at)) {
            if (word.at > time) heard.push(word);
            else if (word.latest === null) limit.giveBack();
            else limit.end(word.latest);
          }
        };
        for (const { beforeMs, writeMs, hearMs, lostMs, never } of courses) {
          now += beforeMs;
          hearUpTo(now);
          if (limit.freeAt(now) > now) continue;
          limit.take();
          const writtenAt = now + writeMs;
          if (!never) written.push(writtenAt);
          heard.push({ at: writtenAt + hearMs, latest: never ? null : writtenAt + Math.min(hearMs, lostMs) });
        }
        for (const end of written) expect(written.filter((time) => time > end - 1_000 && time <= end).length).toBeLessThanOrEqual(most);
      }),
      { numRuns: 200 },
    );
  });

  test('says exactly from when on a slot is free, if nothing else is heard', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2_000), { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 5 }), (latests, most) => {
        const limit = new SlidingLimit(most, 1_000);
        for (const latest of latests) {
          limit.take();
          limit.end(latest);
        }
        const freeAt = limit.freeAt(0);
        if (latests.length < most) {
          expect(freeAt).toBe(-Infinity);
          return;
        }
        expect(limit.freeAt(freeAt - 0.001)).toBeGreaterThan(freeAt - 0.001);
        expect(limit.freeAt(freeAt)).toBe(-Infinity);
        // Rounding up costs half a percent of the window at most.
        const due = latests.toSorted((one, other) => one - other)[latests.length - most] as number;
        expect(freeAt - (due + limit.holdMs)).toBeGreaterThanOrEqual(0);
        expect(freeAt - (due + limit.holdMs)).toBeLessThan(5);
      }),
    );
  });

  test.each([
    ['100 a second', 100, 1_000],
    ['1,000 a minute', 1_000, 60_000],
  ])('of %s is used to at least 97 % when all is written at once', (_, most, windowMs) => {
    const limit = new SlidingLimit(most, windowMs);
    let sent = 0;
    for (let now = 0; now < 20 * windowMs; now += windowMs / 1_000) {
      while (limit.freeAt(now) <= now) {
        limit.take();
        // Handed out, written, and heard of half a thousandth of a window later.
        limit.end(now + windowMs / 2_000);
        sent += 1;
      }
    }
    expect(sent).toBeGreaterThanOrEqual(0.97 * 20 * most);
  });

  test('keeps as many numbers as a window has steps, however much is sent', () => {
    const limit = new SlidingLimit(1_000_000, 1_000);
    for (let now = 0; now < 5_000; now += 0.125) {
      limit.take();
      limit.end(now);
    }
    expect(limit.used(4_999)).toBeGreaterThanOrEqual(8_000);
    expect(limit.endings(5_000).length).toBeLessThanOrEqual(206);
  });

  test.each([
    ['a second', 1_000, 20],
    ['a minute', 60_000, 1_000],
    ['a day', 86_400_000, 1_000],
  ])('of %s still holds where messages arrive, when some are longer on the way than others', (_, windowMs, delayMs) => {
    const limit = new SlidingLimit(1, windowMs);
    limit.take();
    limit.end(0);
    // The first one arrives late, the next one at once.
    expect(limit.freeAt(0) - delayMs).toBeGreaterThanOrEqual(windowMs);
  });

  test('of nothing lets nothing pass, and nobody knows until when', () => {
    expect(new SlidingLimit(0, 1_000).freeAt(0)).toBe(Infinity);
  });

  test('that is lowered below what is taken frees nothing until enough of it has ended', () => {
    const limit = new SlidingLimit(3, 1_000);
    for (const latest of [0, 100, 200]) {
      limit.take();
      limit.end(latest);
    }
    limit.limit = 1;
    expect(limit.freeAt(300)).toBe(1_220);
  });
});
