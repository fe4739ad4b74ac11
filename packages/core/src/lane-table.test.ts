import { describe, expect, test } from 'vitest';
import { lanes } from './lane.ts';
import { type FurtherLane, LaneTable } from './lane-table.ts';

const namesOf = (...further: readonly FurtherLane[]) => new LaneTable(further).names;

describe('all lanes', () => {
  test('are the four where no other is configured', () => {
    expect(new LaneTable().names).toEqual(lanes);
  });

  test('stand by their targets among the four: a further one before the first that may wait longer', () => {
    expect(namesOf({ name: 'x', base: 'high', targetMs: 60_000 })).toEqual(['immediate', 'x', 'high', 'normal', 'low']);
    expect(namesOf({ name: 'x', base: 'high', targetMs: 180_000 })).toEqual(['immediate', 'high', 'x', 'normal', 'low']);
    expect(namesOf({ name: 'x', base: 'low', targetMs: Infinity })).toEqual(['immediate', 'high', 'normal', 'low', 'x']);
  });

  test('stand behind the one of the four that has the same target, and among each other by target and then as they were given', () => {
    const further: FurtherLane[] = [
      { name: 'c', base: 'high' },
      { name: 'b', base: 'high', targetMs: 90_000 },
      { name: 'a', base: 'high', targetMs: 90_000 },
      { name: 'e', base: 'low' },
      { name: 'd', base: 'low' },
    ];
    expect(namesOf(...further)).toEqual(['immediate', 'b', 'a', 'high', 'c', 'normal', 'low', 'e', 'd']);
  });

  test('stand behind immediate, however short their target is', () => {
    expect(namesOf({ name: 'x', base: 'low', targetMs: 1_000 })[0]).toBe('immediate');
  });

  test('have ranks that are their places', () => {
    const table = new LaneTable([{ name: 'x', base: 'high', targetMs: 60_000 }]);
    expect(table.all.map(({ rank }) => rank)).toEqual([0, 1, 2, 3, 4]);
    expect(table.named('x')).toBe(table.all[1]);
  });
});

test('a further lane has what is not given from its base, but for a share of its own', () => {
  const table = new LaneTable([{ name: 'x', base: 'high', targetMs: 60_000 }], { high: { inDoubt: 'hold', targetMs: 90_000 } });
  expect(table.named('x')).toMatchObject({ base: 'high', targetMs: 60_000, share: 0.05, inDoubt: 'hold' });
  expect(table.named('high')).toMatchObject({ base: 'high', targetMs: 90_000, share: 0.2, inDoubt: 'hold' });
});

describe('a lane as it is written down', () => {
  const table = new LaneTable([{ name: 'wedding-day', base: 'high' }]);

  test('is found again', () => {
    for (const lane of table.all) expect(table.of(lane.written)).toBe(lane);
  });

  test('counts as its base where it is not configured', () => {
    const [four, written] = [new LaneTable(), { lane: 'high', furtherLane: 'wedding-day' } as const];
    const { rank } = four.named('high')!;
    expect(four.of(written)).toMatchObject({ name: 'high', rank, written });
    expect(four.of(written)).toBe(four.of({ ...written }));
  });
});
