import { lanes, type Lane } from '@posthaste/core';

/**
 * Priorities of RFC 6710 as lanes. Between the levels they are rounded up (RFC 6710, 5). The lower three are those of MIXER, the policy that
 * clients expect of a server that names none (RFC 6710, 9.2 and appendix B).
 */
const levels: readonly (readonly [upTo: number, lane: Lane])[] = [
  [-4, 'low'],
  [0, 'normal'],
  [4, 'high'],
  [9, 'immediate'],
];

/** A <priority-value> (RFC 6710, 7); undefined for anything else. */
export function readPriority(text: string): number | undefined {
  return /^(?:-?[1-9]|0)$/.test(text) ? Number(text) : undefined;
}

/** The lane that a priority asks for. Zero is what mail has that asks for nothing, and so asks for nothing (RFC 6710, 4.1). */
export function laneOfPriority(priority: number): Lane | undefined {
  const lane = levelOf(priority);
  return lane === 'normal' ? undefined : lane;
}

/** The priority that is left of one where a lane is the most urgent to be had. */
export function grantedPriority(priority: number, maxLane: Lane | undefined): number {
  const lane = levelOf(priority);
  const granted = atMost(lane, maxLane);
  return granted === lane ? priority : (levels.find((level) => level[1] === granted)?.[0] ?? priority);
}

/** The less urgent of two lanes; without a limit the lane itself. */
export function atMost(lane: Lane, maxLane: Lane | undefined): Lane {
  return maxLane !== undefined && lanes.indexOf(lane) < lanes.indexOf(maxLane) ? maxLane : lane;
}

function levelOf(priority: number): Lane {
  return levels.find(([upTo]) => priority <= upTo)?.[1] ?? 'immediate';
}
