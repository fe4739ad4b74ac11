import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FinishedLog } from './finished-log.ts';

/** Around the edges of the blocks of 1,024, where a mistake would be. */
const sequences = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1_000, max: 1_060 }), fc.integer({ min: 2_040, max: 2_060 }));
const spans = fc.tuple(sequences, fc.integer({ min: 0, max: 1_100 })).map(([from, length]): [number, number] => [from, from + length]);

function markOf(finished: ReadonlySet<number>): number {
  let mark = 0;
  while (finished.has(mark + 1)) mark += 1;
  return mark;
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

describe('a finished log', () => {
  test('knows what a plain set knows', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            sequences.map((sequence): [number, number] => [sequence, sequence]),
            spans,
          ),
          { maxLength: 30 },
        ),
        (all) => {
          const log = new FinishedLog();
          const model = new Set<number>();
          for (const [from, to] of all) {
            log.finishRange(from, to);
            for (const sequence of numbers(from, to)) model.add(sequence);
          }
          expect(log.mark).toBe(markOf(model));
          expect(numbers(1, 3_300).filter((sequence) => log.has(sequence))).toEqual([...model].sort((a, b) => a - b));
        },
      ),
      { numRuns: 50 },
    );
  });

  test('is rebuilt from its mark and its ranges', () => {
    fc.assert(
      fc.property(fc.array(spans, { maxLength: 10 }), (all) => {
        const log = new FinishedLog();
        for (const [from, to] of all) log.finishRange(from, to);
        const rebuilt = new FinishedLog(log.mark, log.ranges());
        expect(rebuilt.mark).toBe(log.mark);
        expect(rebuilt.ranges()).toEqual(log.ranges());
      }),
      { numRuns: 50 },
    );
  });

  test('says as ranges, in order and without overlap, what is finished above the mark', () => {
    const log = new FinishedLog(10);
    for (const sequence of [2_049, 1_023, 1_024, 13, 2_048]) log.finish(sequence);
    expect(log.ranges()).toEqual([
      [13, 13],
      [1_023, 1_024],
      [2_048, 2_049],
    ]);
  });

  test('moves its mark across block edges when the gap below is closed', () => {
    const log = new FinishedLog();
    log.finishRange(2, 5_000);
    expect(log.mark).toBe(0);
    log.finish(1);
    expect(log.mark).toBe(5_000);
    expect(log.ranges()).toEqual([]);
  });

  test('takes ranges that touch or lie below its mark', () => {
    const log = new FinishedLog(1_023, [
      [1, 10],
      [1_024, 1_030],
      [1_040, 1_041],
    ]);
    expect(log.mark).toBe(1_030);
    expect(log.ranges()).toEqual([[1_040, 1_041]]);
  });

  test('does not go back', () => {
    const log = new FinishedLog(7);
    log.finish(3);
    log.finish(7);
    expect(log.mark).toBe(7);
  });
});
