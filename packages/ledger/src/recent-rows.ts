import { finalMessageStates, type MessageState } from '@posthaste/core';
import type { RecipientRecord } from './record.ts';

/** What an event needs of the row that it changes. */
export interface RecentRow {
  readonly acceptedAt: number;
  readonly records: readonly RecipientRecord[];
}

/** Some 10 MiB. */
const mostRows = 10_000;

/** Mail under way, as its row was written last: the next event of most mails comes soon, and need not read it back. */
export class RecentRows {
  /** The oldest first. */
  readonly #rows = new Map<string, RecentRow>();

  get(id: string): RecentRow | undefined {
    return this.#rows.get(id);
  }

  /** The row was written so. */
  note(id: string, state: MessageState, row: RecentRow): void {
    this.#rows.delete(id);
    if (finalStates.has(state)) return;
    this.#rows.set(id, row);
    if (this.#rows.size <= mostRows) return;
    for (const oldest of this.#rows.keys()) return void this.#rows.delete(oldest);
  }

  /** What was written was taken back, or rows went without it. */
  clear(): void {
    this.#rows.clear();
  }
}

const finalStates: ReadonlySet<MessageState> = new Set(finalMessageStates);
