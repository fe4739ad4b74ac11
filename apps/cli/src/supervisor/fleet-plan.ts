/** Fewest and most senders. */
export interface FleetBounds {
  readonly least: number;
  readonly most: number;
}

/** What the scheduler said at a moment. */
export interface FleetSight {
  /** Monotonic, milliseconds. */
  readonly at: number;
  readonly needed: number;
  /** Mails that are past their lane's target. */
  readonly late: number;
  /** No sender is to be taken away. */
  readonly frozen: boolean;
}

export interface FleetPace {
  /** More senders must have been needed for so long before any is started. */
  readonly growAfterMs: number;
  /** Fewer senders must have been needed for so long before any is stopped. */
  readonly shrinkAfterMs: number;
  /** With more late mails than these nothing is waited for. */
  readonly lateAtOnce: number;
}

/**
 * How many senders there should be. `sights`: the last ones, the newest last, without a gap. As many are started as were needed all the time, and as few
 * stopped as were ever needed in that time: what goes up and down inside a wait moves nobody.
 */
export function planFleet(sights: readonly FleetSight[], running: number, bounds: FleetBounds, pace: FleetPace): number {
  const newest = sights.at(-1);
  if (!newest) return within(bounds, running);
  const target = within(bounds, newest.needed);
  if (target > running && newest.late > pace.lateAtOnce) return target;
  const lately = (ms: number) => neededIn(sights, newest.at - ms).map((needed) => within(bounds, needed));
  const least = Math.min(Infinity, ...lately(pace.growAfterMs));
  if (least > running && least < Infinity) return least;
  const most = Math.max(-Infinity, ...lately(pace.shrinkAfterMs));
  if (most < running && most > -Infinity && !newest.frozen) return most;
  return within(bounds, running);
}

/** All that was needed from `since` on; nothing when the sights do not reach back so far. */
function neededIn(sights: readonly FleetSight[], since: number): number[] {
  const first = sights.findLastIndex(({ at }) => at <= since);
  return first < 0 ? [] : sights.slice(first).map(({ needed }) => needed);
}

function within({ least, most }: FleetBounds, count: number): number {
  return Math.min(most, Math.max(least, count));
}

/** The sights that a later plan may still look at. */
export function keepSights(sights: readonly FleetSight[], { growAfterMs, shrinkAfterMs }: FleetPace): FleetSight[] {
  const oldest = (sights.at(-1)?.at ?? 0) - Math.max(growAfterMs, shrinkAfterMs);
  return sights.slice(
    Math.max(
      0,
      sights.findLastIndex(({ at }) => at <= oldest),
    ),
  );
}
