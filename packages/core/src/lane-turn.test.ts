import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LaneTable, type NamedLane } from './lane-table.ts';
import { LaneTurn } from './lane-turn.ts';

const four = new LaneTable();
const six = new LaneTable([
  { name: 'wedding-day', base: 'high', targetMs: 60_000, share: 0.15 },
  { name: 'archive', base: 'low', share: 0.01 },
]);

function serve(turn: LaneTurn, ready: readonly NamedLane[]): NamedLane | undefined {
  const hasReady = (lane: NamedLane) => ready.includes(lane);
  const lane = turn.next(hasReady);
  if (lane) turn.served(lane, hasReady);
  return lane;
}

function turns(count: number, ready: readonly string[], { all } = four, turn = new LaneTurn(all)): (string | undefined)[] {
  const lanes = all.filter(({ name }) => ready.includes(name));
  return Array.from({ length: count }, () => serve(turn, lanes)?.name);
}

describe('whose turn it is', () => {
  test('the most urgent lane comes first', () => {
    expect(turns(1, ['low', 'immediate', 'normal'])).toEqual(['immediate']);
    expect(turns(1, ['low', 'high', 'wedding-day'], six)).toEqual(['wedding-day']);
  });

  test('a lane alone is always served, and none when nothing is ready', () => {
    expect(turns(3, ['low'])).toEqual(['low', 'low', 'low']);
    expect(turns(1, [])).toEqual([undefined]);
  });

  test.each([
    { table: four, expected: [0.65, 0.2, 0.1, 0.05] },
    { table: six, expected: [0.49, 0.15, 0.2, 0.1, 0.05, 0.01] },
  ])('with all of them waiting, turns are shared as the table says, the rest going to the most urgent', ({ table, expected }) => {
    const served = turns(10_000, table.names, table);
    const parts = table.names.map((lane) => served.filter((name) => name === lane).length / served.length);
    parts.forEach((part, index) => expect(part).toBeCloseTo(expected[index] ?? 0, 3));
  });

  test('an empty lane saves nothing up for later', () => {
    const turn = new LaneTurn(four.all);
    turns(1_000, ['immediate'], four, turn);
    expect(turns(4, ['immediate', 'low'], four, turn)).toEqual(['immediate', 'immediate', 'immediate', 'immediate']);
  });

  test('in every stretch a lane that waits gets its share, two turns at most left out, whatever the others do', () => {
    const others = fc.array(fc.subarray([...six.all]), { minLength: 50, maxLength: 300 });
    fc.assert(
      fc.property(fc.constantFrom(...six.all), others, fc.nat(40), (lane, ready, before) => {
        const turn = new LaneTurn(six.all);
        turns(before, six.names, six, turn);
        const served = ready.map((some) => serve(turn, [lane, ...some]));
        expect(served.filter((other) => other === lane).length).toBeGreaterThanOrEqual(ready.length * lane.share - 2);
      }),
    );
  });

  test('only a lane with mail ready is ever named', () => {
    fc.assert(
      fc.property(fc.array(fc.subarray([...six.all])), (all) => {
        const turn = new LaneTurn(six.all);
        for (const ready of all) {
          const served = serve(turn, ready);
          expect(served === undefined ? ready.length === 0 : ready.includes(served)).toBe(true);
        }
      }),
    );
  });
});
