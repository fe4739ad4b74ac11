import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LiveEntries } from './live-entries.ts';

test('holds what a map would hold', () => {
  const sequence = fc.integer({ min: 1, max: 3_000 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), sequence)), (moves) => {
      const entries = new LiveEntries<number>();
      const model = new Map<number, number>();
      moves.forEach(([enters, at], move) => {
        if (enters) {
          entries.set(at, move);
          model.set(at, move);
        } else {
          expect(entries.take(at)).toBe(model.get(at));
          model.delete(at);
        }
        expect([entries.get(at), entries.has(at)]).toEqual([model.get(at), model.has(at)]);
      });
      for (const [at, move] of model) expect(entries.get(at)).toBe(move);
    }),
  );
});
