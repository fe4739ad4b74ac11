import type { NamedLane } from './lane-table.ts';

/** Adding shares such as 0.05 twenty times must count as one whole in spite of rounding. */
const oneDispatch = 1 - 1e-9;

/**
 * Whose turn it is: the most urgent lane with mail ready, unless a less urgent one has not had its share. Every dispatch earns each waiting
 * lane its share; one that has earned a whole dispatch goes first. Being served pays it back, and an empty lane saves nothing up.
 */
export class LaneTurn {
  readonly #lanes: readonly NamedLane[];
  /** By rank. */
  readonly #earned: number[];

  /** `lanes`: all of a table, the most urgent first. */
  constructor(lanes: readonly NamedLane[]) {
    this.#lanes = lanes;
    this.#earned = lanes.map(() => 0);
  }

  next(hasReady: (lane: NamedLane) => boolean): NamedLane | undefined {
    let mostUrgent: NamedLane | undefined;
    for (const lane of this.#lanes) {
      if (!hasReady(lane)) continue;
      mostUrgent ??= lane;
      if (this.#earnedBy(lane) > oneDispatch) return lane;
    }
    return mostUrgent;
  }

  /** `hasReady`: beside the one that was served. */
  served(turn: NamedLane, hasReady: (lane: NamedLane) => boolean): void {
    for (const lane of this.#lanes) this.#earned[lane.rank] = lane === turn || hasReady(lane) ? this.#earnedBy(lane) : 0;
    this.#earned[turn.rank] = Math.max(0, (this.#earned[turn.rank] as number) - 1);
  }

  /** With this dispatch. */
  #earnedBy({ rank, share }: NamedLane): number {
    return (this.#earned[rank] as number) + share;
  }
}
