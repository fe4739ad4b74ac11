import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Load, neededSenders } from './needed-senders.ts';

/** Of immediate, high, normal and low mail, as all that follows. */
const spans = [30_000, 120_000, 300_000, 3_600_000];
const none = [0, 0, 0, 0];
const idle: Load = { ready: none, late: 0, arriving: none, perSender: 100, allowed: Infinity, mostSenders: Infinity };
const needOf = (...loads: readonly Partial<Load>[]) =>
  neededSenders(
    loads.map((load) => ({ ...idle, ...load })),
    spans,
  );

test('one sender is needed when nothing waits', () => {
  expect(needOf({}, {})).toEqual({ needed: 1, wanted: 1, allowed: Infinity });
});

test('a backlog is spread over what its lane can wait, and what comes is kept up with', () => {
  expect(needOf({ ready: [0, 0, 120_000, 0] }).needed).toBe(5);
  expect(needOf({ ready: [0, 0, 0, 120_000] }).needed).toBe(1);
  expect(needOf({ arriving: [0, 0, 800, 0] }).needed).toBe(10);
  expect(needOf({ ready: [0, 0, 120_000, 0], arriving: [0, 0, 400, 0] }).needed).toBe(10);
});

test('less urgent mail counts beside more urgent mail, not instead of it', () => {
  expect(needOf({ ready: [2_400, 9_600, 0, 0] }).needed).toBe(2);
  expect(needOf({ ready: [2_400, 26_400, 0, 0] }).needed).toBe(3);
});

test('what is late should be gone within a minute', () => {
  expect(needOf({ late: 48_000, ready: [0, 0, 0, 48_000] }).needed).toBe(10);
});

test('no more are needed than the upstream takes, whatever waits', () => {
  const crowd = { ready: [1_000_000, 0, 0, 0] };
  expect(needOf({ ...crowd, allowed: 200 })).toMatchObject({ needed: 3, wanted: 417, allowed: 3 });
  expect(needOf({ ...crowd, mostSenders: 2 }).needed).toBe(2);
  expect(needOf({ ...crowd, allowed: 0 }).needed).toBe(1);
  expect(needOf({ ...crowd, mostSenders: 1 }, { ready: [9_600, 0, 0, 0] }).needed).toBe(4);
});

const perLane = (most: number) => fc.array(fc.nat(most), { minLength: spans.length, maxLength: spans.length });
const plus = (numbers: readonly number[], place: number, more: number) => numbers.map((number, index) => number + (index === place ? more : 0));
const anyLoad: fc.Arbitrary<Load> = fc.record({
  ready: perLane(1_000_000),
  late: fc.nat(1_000_000),
  arriving: perLane(10_000),
  perSender: fc.double({ min: 0.1, max: 5_000, noNaN: true }),
  allowed: fc.oneof(fc.constant(Infinity), fc.double({ min: 0, max: 10_000, noNaN: true })),
  mostSenders: fc.oneof(fc.constant(Infinity), fc.nat(50)),
});

test('is a whole number from 1 to what the backlog wants and the upstreams allow, for any load', () => {
  fc.assert(
    fc.property(fc.array(anyLoad, { maxLength: 5 }), (loads) => {
      const { needed, wanted, allowed } = neededSenders(loads, spans);
      expect(needed).toBeGreaterThanOrEqual(1);
      expect(Number.isSafeInteger(needed)).toBe(true);
      expect(needed).toBeLessThanOrEqual(Math.min(wanted, allowed));
    }),
  );
});

test('never falls when more waits or comes, and so many can do it in time', () => {
  fc.assert(
    fc.property(anyLoad, fc.nat(spans.length - 1), fc.nat(100_000), (load, lane, more) => {
      const before = neededSenders([load], spans).needed;
      expect(neededSenders([{ ...load, ready: plus(load.ready, lane, more) }], spans).needed).toBeGreaterThanOrEqual(before);
      expect(neededSenders([{ ...load, arriving: plus(load.arriving, lane, more) }], spans).needed).toBeGreaterThanOrEqual(before);
      const { wanted } = neededSenders([load], spans);
      for (const [last, spanMs] of spans.entries()) {
        const span = spanMs / 1_000;
        const sumOf = (numbers: readonly number[]) => numbers.slice(0, last + 1).reduce((sum, number) => sum + number, 0);
        const work = sumOf(load.ready) + sumOf(load.arriving) * span;
        expect(work / (wanted * load.perSender * span)).toBeLessThanOrEqual(0.8 + 1e-6);
      }
    }),
  );
});
