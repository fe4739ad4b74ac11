import { isLane, lanes, type Lane } from '@posthaste/core';
import { invalid } from './submission-error.ts';

/**
 * | header            | value                | lane                                 |
 * |-------------------|----------------------|--------------------------------------|
 * | X-Posthaste-Lane  | a lane's name        | that lane; anything else is refused  |
 * | X-Priority        | 1, 2 / 3 / 4, 5      | high / as by default / low           |
 * | Importance        | high / normal / low  | high / as by default / low (RFC 4021) |
 * | Priority          | urgent / normal / non-urgent | high / as by default / low (RFC 2156) |
 *
 * The first one in this order that says something decides. Many programs write `X-Priority: 3` into all their mail without a thought: "normal"
 * there asks for nothing, so that a user's own lane holds. `immediate` is for mail that somebody waits for with the page open; programs set
 * the other headers too lightly for that, so only our own header gives it.
 */
export interface UrgencyHeaders {
  lane?: string;
  xPriority?: string;
  importance?: string;
  priority?: string;
}

const byImportance: ReadonlyMap<string, Lane> = new Map([
  ['high', 'high'],
  ['normal', 'normal'],
  ['low', 'low'],
]);
const byPriority: ReadonlyMap<string, Lane> = new Map([
  ['urgent', 'high'],
  ['normal', 'normal'],
  ['non-urgent', 'low'],
]);
/** Written with a comment by most programs: `1 (Highest)`. */
const byXPriority: ReadonlyMap<string, Lane> = new Map([
  ['1', 'high'],
  ['2', 'high'],
  ['3', 'normal'],
  ['4', 'low'],
  ['5', 'low'],
]);

/** Undefined when no header asks for anything. Throws INVALID_LANE. */
export function laneFromHeaders(headers: UrgencyHeaders): Lane | undefined {
  if (headers.lane !== undefined) return namedLane(headers.lane);
  const asked =
    byXPriority.get(headers.xPriority?.split(/[\s(]/, 1)[0] ?? '') ??
    byImportance.get(headers.importance?.toLowerCase() ?? '') ??
    byPriority.get(headers.priority?.toLowerCase() ?? '');
  return asked === 'normal' ? undefined : asked;
}

function namedLane(word: string): Lane {
  const lane = word.toLowerCase();
  if (isLane(lane)) return lane;
  throw invalid('INVALID_LANE', 'X-Posthaste-Lane', word, `one of ${lanes.join(', ')}`);
}
