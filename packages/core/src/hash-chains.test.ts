import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HashChains } from './hash-chains.ts';

function placesOf(chains: HashChains, hash: number): number[] {
  const places: number[] = [];
  for (let place = chains.find(hash); place >= 0; place = chains.findNext(place)) places.push(place);
  return places.toSorted((one, other) => one - other);
}

describe('hash chains', () => {
  test('find the places that have a hash, and no others', () => {
    // Few hashes, so that chains are long; with the high bit, so that some are negative.
    const hash = fc.constantFrom(0, 1, 1_024, 1_025, -1, -2_147_483_648, 5);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 60 }), hash), { maxLength: 300 }), (moves) => {
        const chains = new HashChains();
        const model = new Map<number, number>();
        for (const [place, hashed] of moves) {
          if (model.delete(place)) chains.remove(place);
          else {
            chains.add(place, hashed);
            model.set(place, hashed);
          }
          const expected = [...model].filter(([, other]) => other === hashed).map(([at]) => at);
          expect(placesOf(chains, hashed)).toEqual(expected.toSorted((one, other) => one - other));
        }
      }),
    );
  });

  test('find all of many after they have grown, and what was removed not', () => {
    const chains = new HashChains();
    const hashOf = (place: number) => Math.imul(place >> 1, 0x9e3779b1);
    for (let place = 0; place < 20_000; place += 1) chains.add(place, hashOf(place));
    for (let place = 0; place < 20_000; place += 4) chains.remove(place);
    for (let place = 20_000; place < 50_000; place += 1) chains.add(place, hashOf(place));
    for (let place = 0; place < 50_000; place += 2) {
      const isGone = place < 20_000 && place % 4 === 0;
      expect(placesOf(chains, hashOf(place))).toEqual(isGone ? [place + 1] : [place, place + 1]);
    }
  });
});
