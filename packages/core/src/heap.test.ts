import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from './heap.ts';

const numbers = fc.array(fc.integer({ min: 0, max: 50 }));
const inOrder = (a: number, b: number) => a - b;

function heapOf(entries: readonly number[]): Heap<number> {
  const heap = new Heap<number>((a, b) => a < b);
  for (const entry of entries) heap.push(entry);
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
          heap.push(move);
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
      heap.keep((entry) => entry % 3 !== 0);
      for (const entry of later) heap.push(entry);
      expect(drain(heap)).toEqual([...entries.filter((entry) => entry % 3 !== 0), ...later].sort(inOrder));
    }),
  );
});
