import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RoomShares } from './room-shares.ts';

const all = (shares: RoomShares, partitions: number, room: number, now: number) =>
  Array.from({ length: partitions }, (_, partition) => shares.share(partition, room, now));

it('gives all the room to the only partition', () => {
  const shares = new RoomShares(1);
  expect([shares.took(0, 20, 0), shares.share(0, 20, 0)]).toEqual([false, 20]);
});

it('gives each an equal share, and the whole room to the one that uses its share up, while it does', () => {
  const shares = new RoomShares(4);
  expect(all(shares, 4, 20, 0)).toEqual([5, 5, 5, 5]);
  const changed = Array.from({ length: 5 }, () => shares.took(2, 20, 0));
  expect(changed).toEqual([false, false, false, false, true]);
  expect(all(shares, 4, 20, 0)).toEqual([5, 5, 20, 5]);
  expect(shares.took(2, 20, 900)).toBe(false);
  expect(all(shares, 4, 20, 1_500)).toEqual([5, 5, 20, 5]);
  expect([shares.changedSince(1_500, 1_800), shares.changedSince(1_500, 2_000)]).toEqual([false, true]);
  expect(all(shares, 4, 20, 2_000)).toEqual([5, 5, 5, 5]);
});

it('divides the room among those that want more', () => {
  const shares = new RoomShares(4);
  for (const partition of [0, 3]) for (let attempt = 0; attempt < 5; attempt += 1) shares.took(partition, 20, 0);
  expect(all(shares, 4, 20, 0)).toEqual([10, 5, 5, 10]);
});

it('does not take much done quickly for need', () => {
  const shares = new RoomShares(2);
  for (let attempt = 0; attempt < 100; attempt += 1) {
    expect(shares.took(1, 20, 0)).toBe(false);
    shares.gave(1);
  }
});

it('never promises more than twice the room, rounding aside, and leaves nobody without any', () => {
  const took = fc.record({ partition: fc.nat(7), at: fc.nat(3_000) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 100 }), fc.array(took, { maxLength: 200 }), (partitions, room, takings) => {
      const shares = new RoomShares(partitions);
      for (const { partition, at } of takings.toSorted((a, b) => a.at - b.at)) {
        shares.took(partition % partitions, room, at);
        const given = all(shares, partitions, room, at);
        expect(Math.min(...given)).toBeGreaterThan(0);
        expect(given.reduce((sum, share) => sum + share)).toBeLessThanOrEqual(2 * room + 2 * partitions);
      }
    }),
  );
});
