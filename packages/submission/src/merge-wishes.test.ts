import { lanes, type Lane } from '@posthaste/core';
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
  return mergeWishes(cover(all.cover ?? {}), all.asked ?? {});
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
    expect(mergeWishes(cover({ login, wishes: { due: 1 } }), { own: { lane: 'low' } })).toEqual({ lane: 'low', ttlMs: 5, due: 1 });
    expect(mergeWishes(cover({}), {})).toEqual({});
  });

  it('takes lifetime and deadline for one wish: whoever says either says it all', () => {
    expect(mergeWishes(cover({ login: { ttlMs: 5 } }), { own: { deadline: 9 } })).toEqual({ deadline: 9 });
    expect(mergeWishes(cover({ wishes: { ttlMs: 5 } }), { own: { deadline: 9 } })).toEqual({ ttlMs: 5 });
    expect(mergeWishes(cover({ wishes: { deadline: 7 } }), { own: { ttlMs: 9 } })).toEqual({ deadline: 7 });
  });

  it('adds tags up by name', () => {
    const all = { defaults: { tags: { a: '1', b: '1', c: '1' } }, login: { tags: { b: '2', c: '2', d: '2' } } };
    expect(mergeWishes(cover(all), { own: { tags: { c: '3', e: '3' } } })).toEqual({ tags: { a: '1', b: '2', c: '3', d: '2', e: '3' } });
    expect(mergeWishes(cover({ wishes: { tags: { a: '1' } } }), { own: { tags: { b: '2' } } })).toEqual({ tags: { a: '1', b: '2' } });
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
