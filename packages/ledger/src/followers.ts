import { JournalFollower, type FollowOptions } from './follow.ts';

export interface FollowersOptions extends Omit<FollowOptions, 'partition'> {
  readonly partitions: number;
}

/** The followers of all partitions' journals into one ledger. */
export class Followers {
  readonly #all: readonly JournalFollower[];
  /** Settles when all are over; rejects when the ledger cannot be written any more. */
  readonly done: Promise<void>;

  constructor({ partitions, ...options }: FollowersOptions) {
    this.#all = Array.from({ length: partitions }, (_, partition) => new JournalFollower({ ...options, partition }));
    this.done = Promise.all(this.#all.map((follower) => follower.done)).then(() => {});
  }

  /** Resolves when all that the journals hold at the time of the call is in the ledger. Rejects with a StreamError, or when `signal` is aborted. */
  async caughtUp(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all.map((follower) => follower.caughtUp(signal)));
  }

  /** How far the ledger is behind the journal that it is most behind, milliseconds. Rejects with a StreamError. */
  async lagMs(): Promise<number> {
    return Math.max(...(await Promise.all(this.#all.map((follower) => follower.lagMs()))));
  }

  /** Entries of the journals: those that were taken in, and all. Rejects with a StreamError. */
  async progress(): Promise<{ readonly entries: number; readonly of: number }> {
    const all = await Promise.all(this.#all.map((follower) => follower.progress()));
    return { entries: all.reduce((sum, { entries }) => sum + entries, 0), of: all.reduce((sum, { of }) => sum + of, 0) };
  }

  /** Ends the wait of all who wait for them to catch up: they will not. */
  abandon(): void {
    for (const follower of this.#all) follower.abandon();
  }
}
