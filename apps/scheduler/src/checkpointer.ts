import { recentSpanMs, type SnapshotWithStates, type StateRecord } from '@posthaste/core';
import { stateStream, stateSubject, type Journal, type Publisher } from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';
import { appendCheckpoint } from './checkpoint.ts';
import type { Driver } from './driver.ts';
import type { Removals } from './removals.ts';

export interface CheckpointerOptions {
  readonly driver: Driver;
  readonly journal: Journal;
  readonly publisher: Pick<Publisher, 'publish'>;
  readonly removals: Removals;
  readonly partition: number;
  readonly epoch: number;
  readonly createdAt: Readonly<Record<string, number>>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Enough to fill atomic batches, and few enough that their bytes are bounded. */
const statesAtOnce = 64;
/** A thousand recipients with long replies; below the server's default payload limit of 1 MiB. */
const largestStateBytes = 768 * 1024;

/** A checkpoint that is still of use: the last two, and those whose finished ids a recovery wants. */
export interface Mark {
  /** Where it begins in the journal. */
  readonly sequence: number;
  readonly contains: number;
  /** By the steady clock. */
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
    const { driver } = this.#options;
    const { taken, journalled } = driver.snapshot();
    try {
      await this.#store(taken, await journalled);
    } catch (error) {
      driver.engine.returnSnapshot(taken);
      throw error;
    }
  }

  async #store(taken: SnapshotWithStates, contains: number): Promise<void> {
    const { driver, journal, removals, partition, epoch, createdAt, clock } = this.#options;
    await this.#writeStates(taken.changed, contains);
    await removals.idle();
    // A wall clock that is set ahead must not make what finished a moment ago look old: a recovery would not know it any more.
    const at = driver.engine.steady(clock.now());
    const recent = this.#marks.filter((mark, index) => at - mark.at <= recentSpanMs || index === this.#marks.length - 1);
    const checkpoint = { epoch, at, contains, snapshot: taken.snapshot, createdAt };
    const sequence = await appendCheckpoint(journal, checkpoint, recent[0]?.sequence ?? null);
    this.#marks = [...recent, { sequence, contains, at }];
    // Not before: a recovery from the checkpoint before this one still needs them for mail whose entry has not been trimmed.
    for (const stale of taken.stale) removals.entry(stateStream(partition), stale);
  }

  async #writeStates(changed: readonly StateRecord[], asOf: number): Promise<void> {
    const left = changed.values();
    const write = async () => {
      for (const record of left) await this.#writeState(record, asOf);
    };
    await Promise.all(Array.from({ length: statesAtOnce }, write));
  }

  async #writeState(record: StateRecord, asOf: number): Promise<void> {
    const { driver, publisher, partition } = this.#options;
    const { id } = record;
    const entry = { stream: stateStream(partition), subject: stateSubject(partition, id), messageId: `${id}.${asOf}`, headers: {} };
    const stored = await publisher.publish({ ...entry, body: encodeState(record, asOf) });
    driver.tell({ kind: 'state written', id, sequence: stored.sequence });
  }
}

/** All of it. When the last replies' texts make it too large they are left out: they are in the journal, and no decision depends on them. */
export function encodeState(record: StateRecord, asOf: number): Uint8Array {
  const full = Buffer.from(JSON.stringify({ ...record, asOf }));
  if (full.length <= largestStateBytes) return full;
  const { states } = record;
  const short = states.map((state) => ('reply' in state && state.reply ? { ...state, reply: { ...state.reply, text: '' } } : state));
  return Buffer.from(JSON.stringify({ ...record, asOf, states: short }));
}
