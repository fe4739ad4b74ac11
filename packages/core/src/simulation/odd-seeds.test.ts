import { expect, it } from 'vitest';
import { failuresAmong } from './chaos.ts';

/** Its other half stands in a file of its own, so that both run at once. */
it.each([1, 201, 401, 601, 801])(
  'keeps its promises whatever fails, in whatever order (a hundred odd seeds from %i)',
  (first) => {
    expect(failuresAmong(Array.from({ length: 100 }, (_, index) => first + 2 * index))).toEqual([]);
  },
  120_000,
);
