import type { NamedLane } from './lane-table.ts';

/** Stands in for a target that a lane does not have: with none at all its mail would wait for ever behind mail that has a deadline. */
const patienceMs = 24 * 3_600_000;

/** When a mail that is ready `since` then should be begun at the latest: what is earlier of its deadline and its lane's target. */
export function startBy({ targetMs }: Pick<NamedLane, 'targetMs'>, since: number, deadline = Infinity): number {
  return Math.min(deadline, since + Math.min(targetMs, patienceMs));
}
