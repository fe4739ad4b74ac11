import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shareOut } from './sharing.ts';

const standing = (me: string, mine: readonly number[], owners: Readonly<Record<number, string>>, schedulers: readonly string[], partitions = 4) => ({
  partitions,
  me,
  mine: new Set(mine),
  owners: new Map(Object.entries(owners).map(([partition, owner]) => [Number(partition), owner])),
  schedulers: new Set(schedulers),
});

it('takes everything when it is alone, and what a dead one leaves', () => {
  expect(shareOut(standing('a', [], {}, [])).take).toEqual([0, 1, 2, 3]);
  expect(shareOut(standing('a', [0, 1], { 0: 'a', 1: 'a' }, ['a'])).take).toEqual([2, 3]);
});

it('gives one up at a time for another that has too few', () => {
  const all = { 0: 'a', 1: 'a', 2: 'a', 3: 'a' };
  expect(shareOut(standing('a', [0, 1, 2, 3], all, ['a', 'b']))).toEqual({ take: [], give: 3 });
  expect(shareOut(standing('b', [], all, ['a', 'b']))).toEqual({ take: [], give: null });
  expect(shareOut(standing('a', [0, 1], { 0: 'a', 1: 'a', 2: 'b', 3: 'b' }, ['a', 'b']))).toEqual({ take: [], give: null });
});

it('leaves what it gave up to the one that lacks it', () => {
  const schedulers = ['a', 'b', 'c'];
  const owners = { 0: 'a', 1: 'b', 2: 'b' };
  expect(shareOut(standing('a', [0], owners, schedulers)).take).toEqual([]);
  expect(shareOut(standing('c', [], owners, schedulers)).take).toEqual([3]);
});

it('stands by where there are more schedulers than partitions', () => {
  expect(shareOut(standing('c', [], { 0: 'a', 1: 'b' }, ['a', 'b', 'c'], 2))).toEqual({ take: [], give: null });
});

/** One look of one scheduler after another, at what is true at that moment. */
function round(owners: Map<number, string>, schedulers: readonly string[], partitions: number): number {
  let shifts = 0;
  for (const me of schedulers) {
    const mine = new Set([...owners].flatMap(([partition, owner]) => (owner === me ? [partition] : [])));
    const { take, give } = shareOut({ partitions, me, mine, owners, schedulers: new Set(schedulers) });
    for (const partition of take) owners.set(partition, me);
    if (give !== null) owners.delete(give);
    shifts += take.length + (give === null ? 0 : 1);
  }
  return shifts;
}

it('comes to equal parts from any beginning, whoever comes and goes, and then stays there', () => {
  const beginning = fc.record({
    partitions: fc.integer({ min: 1, max: 24 }),
    schedulers: fc.integer({ min: 1, max: 6 }),
    owners: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 24, maxLength: 24 }),
  });
  fc.assert(
    fc.property(beginning, (drawn) => {
      const schedulers = Array.from({ length: drawn.schedulers }, (_, number) => `s${number}`);
      const owners = new Map<number, string>();
      // Numbers beyond the schedulers stand for partitions without an owner.
      for (let partition = 0; partition < drawn.partitions; partition += 1) {
        const owner = schedulers[drawn.owners[partition] ?? 0];
        if (owner !== undefined) owners.set(partition, owner);
      }
      for (let rounds = 0; rounds < 60; rounds += 1) round(owners, schedulers, drawn.partitions);
      expect(round(owners, schedulers, drawn.partitions)).toBe(0);
      expect(owners.size).toBe(drawn.partitions);
      const counts = schedulers.map((name) => [...owners.values()].filter((owner) => owner === name).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }),
    { numRuns: 500 },
  );
});
