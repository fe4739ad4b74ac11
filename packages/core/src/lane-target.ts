import type { Lane } from './lane.ts';

/** How soon a mail of the lane should be begun once it could be, milliseconds; Infinity: no target. */
export type LaneTargets = Readonly<Record<Lane, number>>;

export const defaultLaneTargets: LaneTargets = { immediate: 30_000, high: 120_000, normal: 300_000, low: Infinity };

/** Stands in for a target that a lane does not have: with none at all its mail would wait for ever behind mail that has a deadline. */
const patienceMs = 24 * 3_600_000;

/** When a mail that is ready `since` then should be begun at the latest: what is earlier of its deadline and its lane's target. */
export function startBy(lane: Lane, since: number, targets: LaneTargets, deadline = Infinity): number {
  return Math.min(deadline, since + Math.min(targets[lane], patienceMs));
}
