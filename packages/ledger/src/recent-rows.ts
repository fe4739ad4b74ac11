import { finalMessageStates, type MessageState } from '@posthaste/core';
import type { RecipientRecord } from './record.ts';

/** What an event needs of the row that it changes. */
export interface RecentRow {
  readonly acceptedAt: number;
  readonly records: readonly RecipientRecord[];
}

/** Recipients of all rows together: 5.4 MiB of mail with one each that was tried once. */
const mostRecipients = 10_000;

/** Mail under way, as its row was written last: the next event of most mails comes soon, and need not read it back. */
export class RecentRows {
  /** The oldest first. */
  readonly #rows = new Map<string, RecentRow>();
  #recipients = 0;

  get(id: string): RecentRow | undefined {
    return this.#rows.get(id);
  }

  /** The row was written so. */
  note(id: string, state: MessageState, row: RecentRow): void {
    this.#drop(id);
    if (finalStates.has(state)) return;
    this.#rows.set(id, row);
    this.#recipients += row.records.length;
    for (const oldest of this.#rows.keys()) {
      if (this.#recipients <= mostRecipients) return;
      this.#drop(oldest);
    }
  }

  /** What was written was taken back, or rows went without it. */
  clear(): void {
    this.#rows.clear();
    this.#recipients = 0;
  }

  #drop(id: string): void {
    this.#recipients -= this.#rows.get(id)?.records.length ?? 0;
    this.#rows.delete(id);
  }
}

const finalStates: ReadonlySet<MessageState> = new Set(finalMessageStates);
