import { hash } from 'node:crypto';
import { idInPartition, lanes, partitionOf } from '@posthaste/core';
import type { FillWatch } from '@posthaste/stream';
import type { Cover } from './submission.ts';

export interface SpreadOptions {
  readonly fill: FillWatch;
  readonly partitions: number;
  /** Yields UUIDs whose last byte is random. */
  readonly newId: () => string;
}

/** Chooses the partitions of new mail. Whether their schedulers are there does not matter: storage takes mail without them. */
export class Spread {
  readonly #options: SpreadOptions;

  constructor(options: SpreadOptions) {
    this.#options = options;
  }

  /** An id in a partition by chance, if possible in one where nothing is nearly full. */
  newId(): string {
    const { newId, partitions, fill } = this.#options;
    const uuid = newId();
    const first = partitionOf(uuid) % partitions;
    for (let step = 0; step < partitions; step += 1) {
      const partition = (first + step) % partitions;
      if (fill.blocked(partition) === null) return idInPartition(uuid, partition);
    }
    return idInPartition(uuid, first);
  }

  /**
   * An id in the partition of all mail with this submitter and envelope: the stream that holds a mail is the one that tells its repetition, so both must
   * come to the same one, full or not.
   */
  idFor(submitter: string, { envelope: { from, recipients }, tenant }: Cover): string {
    const { newId, partitions } = this.#options;
    if (partitions === 1) return idInPartition(newId(), 0);
    const digest = hash('sha256', JSON.stringify([submitter, tenant, from, recipients]), 'hex');
    return idInPartition(newId(), Number.parseInt(digest.slice(0, 8), 16) % partitions);
  }

  /** What is full, when no partition has room for mail of any lane. */
  get full(): string | null {
    let found: string | null = null;
    for (let partition = 0; partition < this.#options.partitions; partition += 1) {
      const blocked = this.#blockedWholly(partition);
      if (blocked === null) return null;
      found ??= blocked;
    }
    return found;
  }

  #blockedWholly(partition: number): string | null {
    const { fill } = this.#options;
    if (fill.blocked(partition) === null) return null;
    const full = lanes.map((lane) => fill.blocked(partition, { lane, chunked: false }));
    return full.includes(null) ? null : (full[0] ?? null);
  }
}
