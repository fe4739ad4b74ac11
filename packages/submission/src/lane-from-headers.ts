import type { Lane, LaneTable } from '@posthaste/core';
import { expectedLane } from './expected-lane.ts';
import { invalid } from './submission-error.ts';
import { laneOfPriority, readPriority } from './transfer-priority.ts';

/**
 * Headers that mail programs write about urgency:
 *
 * | header            | value                        | lane                                  |
 * |-------------------|------------------------------|---------------------------------------|
 * | MT-Priority       | 1 to 9 / -3 to 0 / -9 to -4  | high / as by default / low (RFC 6758) |
 * | X-Priority        | 1, 2 / 3 / 4, 5              | high / as by default / low            |
 * | X-MSMail-Priority | High / Normal / Low          | high / as by default / low            |
 * | Importance        | high / normal / low          | high / as by default / low (RFC 4021) |
 * | Priority          | urgent / normal / non-urgent | high / as by default / low (RFC 2156) |
 *
 * The first one in this order that says something decides. Many programs write `X-Priority: 3` into all their mail without a thought: "normal"
 * there asks for nothing, so that a user's own lane holds. `immediate` is for mail that somebody waits for with the page open; programs set
 * these headers too lightly for that, so of all headers only our own gives it.
 */
export interface UrgencyHeaders {
  /** Null when it does not count, as when there are several (RFC 6758, 3.1). */
  mtPriority?: string | null;
  xPriority?: string;
  msMailPriority?: string;
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

/** Undefined when no header asks for anything. */
export function laneFromHeaders(headers: UrgencyHeaders): Lane | undefined {
  const asked =
    byMtPriority(priorityFromHeader(headers)) ??
    byXPriority.get(headers.xPriority?.split(/[\s(]/, 1)[0] ?? '') ??
    byImportance.get(headers.msMailPriority?.toLowerCase() ?? '') ??
    byImportance.get(headers.importance?.toLowerCase() ?? '') ??
    byPriority.get(headers.priority?.toLowerCase() ?? '');
  return asked === 'normal' ? undefined : asked;
}

/** The value of a single valid MT-Priority, which may have comments before and after it (RFC 6758, 4). */
export function priorityFromHeader({ mtPriority }: UrgencyHeaders): number | undefined {
  return mtPriority ? readPriority(mtPriority.replaceAll(/\([^()]*\)/g, ' ').trim()) : undefined;
}

function byMtPriority(priority: number | undefined): Lane | undefined {
  if (priority === undefined) return undefined;
  const lane = laneOfPriority(priority) ?? 'normal';
  return lane === 'immediate' ? 'high' : lane;
}

/** The lane of that name, of our own header. Throws INVALID_LANE. */
export function laneNamed(word: string, lanes: LaneTable): string {
  const lane = word.toLowerCase();
  if (lanes.named(lane)) return lane;
  throw invalid('INVALID_LANE', 'X-Posthaste-Lane', word, expectedLane(word, lanes));
}
