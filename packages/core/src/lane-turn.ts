import { lanes, type Lane } from './lane.ts';

/** The part of an upstream's dispatches that a lane is sure of while it has mail ready. */
export type LaneShares = Readonly<Record<Lane, number>>;

export const defaultLaneShares: LaneShares = { immediate: 0, high: 0.2, normal: 0.1, low: 0.05 };

/** Adding shares such as 0.05 twenty times must count as one whole in spite of rounding. */
const oneDispatch = 1 - 1e-9;

/**
 * Whose turn it is: the most urgent lane with mail ready, unless a less urgent one has not had its share. Every dispatch earns each waiting
 * lane its share; one that has earned a whole dispatch goes first. Being served pays it back, and an empty lane saves nothing up.
 */
export class LaneTurn {
  readonly #shares: LaneShares;
  readonly #earned: Record<Lane, number> = { immediate: 0, high: 0, normal: 0, low: 0 };

  constructor(shares: LaneShares = defaultLaneShares) {
    this.#shares = shares;
  }

  next(hasReady: (lane: Lane) => boolean): Lane | undefined {
    let mostUrgent: Lane | undefined;
    for (const lane of lanes) {
      if (!hasReady(lane)) continue;
      mostUrgent ??= lane;
      if (this.#earned[lane] + this.#shares[lane] > oneDispatch) return lane;
    }
    return mostUrgent;
  }

  /** `hasReady`: beside the one that was served. */
  served(turn: Lane, hasReady: (lane: Lane) => boolean): void {
    for (const lane of lanes) this.#earned[lane] = lane === turn || hasReady(lane) ? this.#earned[lane] + this.#shares[lane] : 0;
    this.#earned[turn] = Math.max(0, this.#earned[turn] - 1);
  }
}
