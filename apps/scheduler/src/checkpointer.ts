import { recentSpanMs, type StateRecord } from '@posthaste/core';
import { stateStream, stateSubject, type Journal, type Publisher } from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';
import { appendCheckpoint } from './checkpoint.ts';
import type { Driver } from './driver.ts';
import type { Removals } from './removals.ts';

export interface CheckpointerOptions {
  readonly driver: Driver;
  readonly journal: Journal;
  readonly publisher: Publisher;
  readonly removals: Removals;
  readonly partition: number;
  readonly epoch: number;
  readonly createdAt: Readonly<Record<string, number>>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A checkpoint that is still of use: the last two, and those whose finished ids a recovery wants. */
export interface Mark {
  /** Where it begins in the journal. */
  readonly sequence: number;
  readonly contains: number;
  readonly at: number;
}

/**
 * Says from time to time, in the journal, that STATE and WAIT hold everything up to a sequence, so that a recovery reads the journal from there
 * and not from its beginning. What a snapshot speaks of is journalled, and what it calls gone is gone, before the checkpoint says so.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #marks: readonly Mark[];
  #underWay: Promise<void> | null = null;

  constructor(options: CheckpointerOptions, earlier: readonly Mark[]) {
    this.#options = options;
    this.#marks = earlier;
  }

  /** Journal entries up to this sequence are not needed by a recovery: they lie below the last two checkpoints. */
  get dispensable(): number {
    const previous = this.#marks.at(-2);
    return previous ? Math.min(previous.contains, previous.sequence - 1) : 0;
  }

  /** One at a time; a second caller gets the one that is under way. */
  make(): Promise<void> {
    this.#underWay ??= this.#make().finally(() => (this.#underWay = null));
    return this.#underWay;
  }

  async #make(): Promise<void> {
    const { driver, journal, removals, partition, epoch, createdAt, clock } = this.#options;
    const { taken, journalled } = driver.snapshot();
    const contains = await journalled;
    await this.#writeStates(taken.changed, contains);
    await removals.idle();
    const at = clock.now();
    const recent = this.#marks.filter((mark, index) => at - mark.at <= recentSpanMs || index === this.#marks.length - 1);
    const checkpoint = { epoch, at, contains, snapshot: taken.snapshot, createdAt };
    const sequence = await appendCheckpoint(journal, checkpoint, recent[0]?.sequence ?? null);
    this.#marks = [...recent, { sequence, contains, at }];
    // Not before: a recovery from the checkpoint before this one still needs them for mail whose entry has not been trimmed.
    for (const stale of taken.stale) removals.entry(stateStream(partition), stale);
  }

  async #writeStates(changed: readonly StateRecord[], asOf: number): Promise<void> {
    const { driver, publisher, partition } = this.#options;
    const writes = changed.map(async ({ id, states }) => {
      const body = Buffer.from(JSON.stringify({ id, asOf, states }));
      const stored = await publisher.publish({
        stream: stateStream(partition),
        subject: stateSubject(partition, id),
        messageId: `${id}.${asOf}`,
        headers: {},
        body,
      });
      driver.tell({ kind: 'state written', id, sequence: stored.sequence });
    });
    await Promise.all(writes);
  }
}
