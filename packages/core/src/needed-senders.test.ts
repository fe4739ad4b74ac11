import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lanes, type Lane } from './lane.ts';
import { type Load, neededSenders } from './needed-senders.ts';

const spans = { immediate: 30_000, high: 120_000, normal: 300_000, low: 3_600_000 };
const none = { immediate: 0, high: 0, normal: 0, low: 0 };
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
  expect(needOf({ ready: { ...none, normal: 120_000 } }).needed).toBe(5);
  expect(needOf({ ready: { ...none, low: 120_000 } }).needed).toBe(1);
  expect(needOf({ arriving: { ...none, normal: 800 } }).needed).toBe(10);
  expect(needOf({ ready: { ...none, normal: 120_000 }, arriving: { ...none, normal: 400 } }).needed).toBe(10);
});

test('less urgent mail counts beside more urgent mail, not instead of it', () => {
  expect(needOf({ ready: { ...none, immediate: 2_400, high: 9_600 } }).needed).toBe(2);
  expect(needOf({ ready: { ...none, immediate: 2_400, high: 26_400 } }).needed).toBe(3);
});

test('what is late should be gone within a minute', () => {
  expect(needOf({ late: 48_000, ready: { ...none, low: 48_000 } }).needed).toBe(10);
});

test('no more are needed than the upstream takes, whatever waits', () => {
  const crowd = { ready: { ...none, immediate: 1_000_000 } };
  expect(needOf({ ...crowd, allowed: 200 })).toMatchObject({ needed: 3, wanted: 417, allowed: 3 });
  expect(needOf({ ...crowd, mostSenders: 2 }).needed).toBe(2);
  expect(needOf({ ...crowd, allowed: 0 }).needed).toBe(1);
  expect(needOf({ ...crowd, mostSenders: 1 }, { ready: { ...none, immediate: 9_600 } }).needed).toBe(4);
});

const perLane = (most: number) => fc.record(Object.fromEntries(lanes.map((lane) => [lane, fc.nat(most)])) as Record<Lane, fc.Arbitrary<number>>);
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
    fc.property(anyLoad, fc.constantFrom(...lanes), fc.nat(100_000), (load, lane, more) => {
      const before = neededSenders([load], spans).needed;
      expect(neededSenders([{ ...load, ready: { ...load.ready, [lane]: load.ready[lane] + more } }], spans).needed).toBeGreaterThanOrEqual(before);
      expect(neededSenders([{ ...load, arriving: { ...load.arriving, [lane]: load.arriving[lane] + more } }], spans).needed).toBeGreaterThanOrEqual(
        before,
      );
      const { wanted } = neededSenders([load], spans);
      const urgentFirst = lanes.map((_, count) => lanes.slice(0, count + 1));
      for (const served of urgentFirst) {
        const span = spans[served.at(-1) as Lane] / 1_000;
        const work = served.reduce((sum, each) => sum + load.ready[each] + load.arriving[each] * span, 0);
        expect(work / (wanted * load.perSender * span)).toBeLessThanOrEqual(0.8 + 1e-6);
      }
    }),
  );
});
