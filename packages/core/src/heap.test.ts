import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from './heap.ts';

const numbers = fc.array(fc.integer({ min: 0, max: 50 }));
const inOrder = (a: number, b: number) => a - b;

function heapOf(entries: readonly number[]): Heap<number> {
  const heap = new Heap<number>();
  for (const entry of entries) heap.push(entry, entry, 0);
  return heap;
}

function drain(heap: Heap<number>): number[] {
  const drained: number[] = [];
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) drained.push(top);
  return drained;
}

test('gives back all entries, the least first', () => {
  fc.assert(fc.property(numbers, (entries) => void expect(drain(heapOf(entries))).toEqual(entries.toSorted(inOrder))));
});

test('always shows the least of what it holds, whatever the order of pushes and pops', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 }))), (moves) => {
      const heap = heapOf([]);
      const model: number[] = [];
      for (const move of moves) {
        if (move === null) expect(heap.pop()).toBe(model.sort(inOrder).shift());
        else {
          model.push(move);
          heap.push(move, move, 0);
        }
        expect(heap.peek()).toBe(model.length === 0 ? undefined : Math.min(...model));
        expect(heap.size).toBe(model.length);
      }
    }),
  );
});

test('forgets what is not wanted any more, and stays in order', () => {
  fc.assert(
    fc.property(numbers, numbers, (entries, later) => {
      const heap = heapOf(entries);
      heap.sweep(2 * entries.length, (entry) => entry % 3 !== 0);
      for (const entry of later) heap.push(entry, entry, 0);
      expect(drain(heap)).toEqual([...entries.filter((entry) => entry % 3 !== 0), ...later].sort(inOrder));
    }),
  );
});

test('stays in order however much of it is swept, and forgets nothing that is wanted', () => {
  fc.assert(
    // So many that what takes the place of another one comes from another branch, and may belong further up.
    fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 60, maxLength: 200 }), fc.nat({ max: 100 }), (entries, looks) => {
      const heap = heapOf(entries);
      heap.sweep(looks, (entry) => entry % 3 !== 0);
      const drained = drain(heap);
      expect(drained).toEqual(drained.toSorted(inOrder));
      expect(drained.filter((entry) => entry % 3 !== 0)).toEqual(entries.filter((entry) => entry % 3 !== 0).sort(inOrder));
    }),
  );
});

test('holds not many more useless entries than others when it is swept with each one that comes', () => {
  const heap = heapOf([]);
  const wanted = new Set<number>();
  for (let entry = 0; entry < 20_000; entry += 1) {
    heap.push(entry, (entry * 7_919) % 10_007, entry);
    wanted.add(entry);
    // Two hundred are of use at a time.
    wanted.delete(entry - 200);
    heap.sweep(3, (each) => wanted.has(each));
  }
  expect(heap.size).toBeLessThan(500);
});

test('gives back equal keys by their order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.nat())), (entries) => {
      const heap = new Heap<(typeof entries)[number]>();
      for (const entry of entries) heap.push(entry, ...entry);
      const expected = entries.toSorted(([key, order], [otherKey, otherOrder]) => key - otherKey || order - otherOrder);
      expect(expected.map(() => heap.pop())).toEqual(expected);
    }),
  );
});

test('gives the entry on top another place', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1 }), fc.integer({ min: 0, max: 50 }), (entries, key) => {
      const heap = heapOf(entries);
      const [least = 0, ...others] = entries.toSorted(inOrder);
      heap.replaceTop(key, 1);
      // The entry keeps its name and takes the new key.
      const expected = [...others.filter((other) => other <= key), least, ...others.filter((other) => other > key)];
      expect(drain(heap)).toEqual(expected);
    }),
  );
});
