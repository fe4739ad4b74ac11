import { isLane, lanes, type Lane } from '@posthaste/core';
import { invalid } from './submission-error.ts';

/**
 * | header            | value                | lane                                 |
 * |-------------------|----------------------|--------------------------------------|
 * | X-Posthaste-Lane  | a lane's name        | that lane; anything else is refused  |
 * | X-Priority        | 1, 2 / 3 / 4, 5      | high / normal / low                  |
 * | Importance        | high / normal / low  | high / normal / low (RFC 4021)       |
 * | Priority          | urgent / normal / non-urgent | high / normal / low (RFC 2156) |
 *
 * The first one in this order that says something decides. `immediate` is for mail that somebody waits for with the page open; programs set
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

/** Undefined when no header says anything. Throws INVALID_LANE. */
export function laneFromHeaders(headers: UrgencyHeaders): Lane | undefined {
  if (headers.lane !== undefined) return namedLane(headers.lane);
  return (
    byXPriority.get(headers.xPriority?.split(/[\s(]/, 1)[0] ?? '') ??
    byImportance.get(headers.importance?.toLowerCase() ?? '') ??
    byPriority.get(headers.priority?.toLowerCase() ?? '')
  );
}

function namedLane(word: string): Lane {
  const lane = word.toLowerCase();
  if (isLane(lane)) return lane;
  throw invalid('INVALID_LANE', 'X-Posthaste-Lane', word, `one of ${lanes.join(', ')}`);
}
