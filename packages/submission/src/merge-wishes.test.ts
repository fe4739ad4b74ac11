import { fourLanes } from './four-lanes.ts';
import { LaneTable, lanes, type Lane } from '@posthaste/core';
import { describe, expect, it } from 'vitest';
import { mergeWishes, sourceOf } from './merge-wishes.ts';
import type { Cover, HeaderWishes, Wishes } from './submission.ts';

const cover = (more: Partial<Cover>): Cover => ({ envelope: { from: '', recipients: [] }, protocol: 'ESMTP', ...more });

/** Every way to ask for a lane, the strongest first. */
const ways: readonly (readonly [name: string, ask: (lane: Lane) => { cover?: Partial<Cover>; asked?: HeaderWishes }])[] = [
  ['MAIL or the request', (lane) => ({ cover: { wishes: { lane } } })],
  ['X-Posthaste-Lane', (lane) => ({ asked: { own: { lane } } })],
  ['the user name', (lane) => ({ cover: { login: { lane } } })],
  ['X-Priority and the like', (lane) => ({ asked: { common: lane } })],
  ['the defaults', (lane) => ({ cover: { defaults: { lane } } })],
];

function merged(...asking: { cover?: Partial<Cover>; asked?: HeaderWishes }[]): Wishes {
  const all = asking.reduce((sum, one) => ({ cover: { ...sum.cover, ...one.cover }, asked: { ...sum.asked, ...one.asked } }), {});
  return mergeWishes(cover(all.cover ?? {}), all.asked ?? {}, fourLanes);
}

describe('the order of precedence', () => {
  it.each(ways.flatMap(([name, ask], rank) => ways.slice(rank + 1).map(([weaker, askWeakly]) => [name, weaker, ask, askWeakly] as const)))(
    '%s wins over %s',
    (_name, _weaker, ask, askWeakly) => {
      expect(merged(ask('low'), askWeakly('high'))).toEqual({ lane: 'low' });
      expect(merged(ask('high'), askWeakly('low'))).toEqual({ lane: 'high' });
    },
  );

  it('is each wish by itself', () => {
    const login = { lane: 'high', ttlMs: 5 } as const;
    expect(mergeWishes(cover({ login, wishes: { due: 1 } }), { own: { lane: 'low' } }, fourLanes)).toEqual({ lane: 'low', ttlMs: 5, due: 1 });
    expect(mergeWishes(cover({}), {}, fourLanes)).toEqual({});
  });

  it('takes lifetime and deadline for one wish: whoever says either says it all', () => {
    expect(mergeWishes(cover({ login: { ttlMs: 5 } }), { own: { deadline: 9 } }, fourLanes)).toEqual({ deadline: 9 });
    expect(mergeWishes(cover({ wishes: { ttlMs: 5 } }), { own: { deadline: 9 } }, fourLanes)).toEqual({ ttlMs: 5 });
    expect(mergeWishes(cover({ wishes: { deadline: 7 } }), { own: { ttlMs: 9 } }, fourLanes)).toEqual({ deadline: 7 });
  });

  it('adds tags up by name', () => {
    const all = { defaults: { tags: { a: '1', b: '1', c: '1' } }, login: { tags: { b: '2', c: '2', d: '2' } } };
    expect(mergeWishes(cover(all), { own: { tags: { c: '3', e: '3' } } }, fourLanes)).toEqual({ tags: { a: '1', b: '2', c: '3', d: '2', e: '3' } });
    expect(mergeWishes(cover({ wishes: { tags: { a: '1' } } }), { own: { tags: { b: '2' } } }, fourLanes)).toEqual({ tags: { a: '1', b: '2' } });
  });
});

it.each(lanes)('with %s as the most urgent lane, what asks for less gets it, and all else that one', (maxLane) => {
  for (const [at, lane] of lanes.entries()) {
    const expected = at < lanes.indexOf(maxLane) ? maxLane : lane;
    for (const [, ask] of ways) expect(merged({ cover: { maxLane } }, ask(lane))).toEqual({ lane: expected });
  }
  expect(merged({ cover: { maxLane } }).lane).toBe(maxLane === 'low' ? 'low' : 'normal');
});

it.each([
  [{ wishes: { deadline: 1 }, login: { deadline: 2 } }, { own: { deadline: 3 } }, 'BY of MAIL'],
  [{ login: { deadline: 2 } }, { own: { deadline: 3 } }, 'X-Posthaste-Deadline'],
  [{ login: { deadline: 2 } }, {}, 'the user name'],
  [{ protocol: 'HTTP', wishes: { deadline: 1 } }, {}, ''],
  [{}, {}, ''],
] as const)('of %j and %j a deadline comes by %j', (more, asked, source) => {
  expect(sourceOf('deadline', { cover: cover(more), asked })).toBe(source);
});

it('takes a further lane for as urgent as its base where a lane is the most urgent to be had', () => {
  const table = new LaneTable([{ name: 'wedding-day', base: 'high' }]);
  const own = { lane: 'wedding-day' };
  const granted = (maxLane: 'immediate' | 'high' | 'normal') => mergeWishes(cover({ maxLane }), { own }, table).lane;
  expect([granted('immediate'), granted('high'), granted('normal')]).toEqual(['wedding-day', 'wedding-day', 'normal']);
});
