import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lanes, type Lane } from './lane.ts';
import { defaultLaneShares, LaneTurn } from './lane-turn.ts';

function serve(turn: LaneTurn, ready: readonly Lane[]): Lane | undefined {
  const hasReady = (lane: Lane) => ready.includes(lane);
  const lane = turn.next(hasReady);
  if (lane) turn.served(lane, hasReady);
  return lane;
}

function turns(count: number, ready: readonly Lane[], turn = new LaneTurn()): (Lane | undefined)[] {
  return Array.from({ length: count }, () => serve(turn, ready));
}

describe('whose turn it is', () => {
  test('the most urgent lane comes first', () => {
    expect(turns(1, ['low', 'immediate', 'normal'])).toEqual(['immediate']);
  });

  test('a lane alone is always served, and none when nothing is ready', () => {
    expect(turns(3, ['low'])).toEqual(['low', 'low', 'low']);
    expect(turns(1, [])).toEqual([undefined]);
  });

  test('with all of them waiting, turns are shared as the table says, the rest going to the most urgent', () => {
    const served = turns(10_000, lanes);
    const parts = lanes.map((lane) => served.filter((name) => name === lane).length / served.length);
    const expected = [0.65, 0.2, 0.1, 0.05];
    parts.forEach((part, index) => expect(part).toBeCloseTo(expected[index] ?? 0, 3));
  });

  test('an empty lane saves nothing up for later', () => {
    const turn = new LaneTurn();
    turns(1_000, ['immediate'], turn);
    expect(turns(4, ['immediate', 'low'], turn)).toEqual(['immediate', 'immediate', 'immediate', 'immediate']);
  });

  test('in every stretch a lane that waits gets its share, two turns at most left out, whatever the others do', () => {
    const others = fc.array(fc.subarray([...lanes]), { minLength: 50, maxLength: 300 });
    fc.assert(
      fc.property(fc.constantFrom(...lanes), others, fc.nat(40), (lane, ready, before) => {
        const turn = new LaneTurn();
        turns(before, lanes, turn);
        const served = ready.map((some) => serve(turn, [lane, ...some]));
        expect(served.filter((name) => name === lane).length).toBeGreaterThanOrEqual(ready.length * defaultLaneShares[lane] - 2);
      }),
    );
  });

  test('only a lane with mail ready is ever named', () => {
    fc.assert(
      fc.property(fc.array(fc.subarray([...lanes])), (all) => {
        const turn = new LaneTurn();
        for (const ready of all) {
          const served = serve(turn, ready);
          expect(served === undefined ? ready.length === 0 : ready.includes(served)).toBe(true);
        }
      }),
    );
  });
});
