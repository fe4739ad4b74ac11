import type { LaneTable } from '@posthaste/core';
import type { Cover, HeaderWishes, Wishes } from './submission.ts';
import { atMost } from './transfer-priority.ts';

const nothing: Wishes = {};

/**
 * The order of precedence, the strongest first:
 *
 * 1. beside the message: the fields of the request, or the parameters of MAIL
 * 2. the message's headers of our own
 * 3. the user name of the login
 * 4. the headers that mail programs write (of the lane only)
 * 5. the door's defaults
 *
 * Each wish by itself, but lifetime and deadline as the one wish that they are, and tags name by name.
 */
export function mergeWishes({ wishes, login, defaults = nothing, maxLane }: Cover, { own, common }: HeaderWishes, lanes: LaneTable): Wishes {
  const usual = common === undefined ? defaults : { ...defaults, lane: common };
  const merged = over(over(over(usual, login), own), wishes);
  if (maxLane === undefined) return merged;
  const { lane = 'normal' } = merged;
  const base = lanes.named(lane)?.base;
  // A lane that there is not is refused later on, by its name.
  return { ...merged, lane: base === undefined || atMost(base, maxLane) === base ? lane : maxLane };
}

function over(lower: Wishes, upper: Wishes | undefined): Wishes {
  if (upper === undefined) return lower;
  if (lower === nothing) return upper;
  const ends = upper.ttlMs !== undefined || upper.deadline !== undefined;
  const tags = lower.tags && upper.tags && { tags: { ...lower.tags, ...upper.tags } };
  return { ...(ends ? withoutEnd(lower) : lower), ...upper, ...tags };
}

function withoutEnd({ ttlMs: _ttl, deadline: _deadline, byAge: _byAge, ...rest }: Wishes): Wishes {
  return rest;
}

export type TimeWish = 'due' | 'ttlMs' | 'deadline';

/** All that says something of a message's times. */
export interface Askers {
  readonly cover: Cover;
  readonly asked: HeaderWishes;
}

const headers: Readonly<Record<TimeWish, string>> = {
  due: 'X-Posthaste-Send-At',
  ttlMs: 'X-Posthaste-TTL',
  deadline: 'X-Posthaste-Deadline',
};
const parameters: Readonly<Record<TimeWish, string>> = { due: 'HOLDFOR or HOLDUNTIL of MAIL', ttlMs: '', deadline: 'BY of MAIL' };

/** Who said it that won, for a sentence that refuses it; empty for a field of the request, whose name says enough. */
export function sourceOf(wish: TimeWish, { cover, asked }: Askers): string {
  if (cover.wishes?.[wish] !== undefined) return cover.protocol.includes('SMTP') ? parameters[wish] : '';
  if (asked.own?.[wish] !== undefined) return headers[wish];
  return cover.login?.[wish] === undefined ? '' : 'the user name';
}
