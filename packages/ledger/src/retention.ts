import type { DatabaseSync } from 'node:sqlite';
import { finalMessageStates } from '@posthaste/core';
import type { WordIndex } from './word-index.ts';

const messagesAtOnce = 200;

/** Forgets finished mail in steps of a few milliseconds. */
export class Retention {
  readonly #delete: ReturnType<DatabaseSync['prepare']>;
  readonly #words: WordIndex;

  constructor(database: DatabaseSync, words: WordIndex) {
    // In the order of acceptance, which the index by state has: only a mail that took long to finish is met again before its time.
    this.#delete = database.prepare(
      'DELETE FROM message WHERE id IN (SELECT id FROM message WHERE state = ? AND accepted_at < ? AND changed_at < ? ORDER BY accepted_at LIMIT ?)',
    );
    this.#words = words;
  }

  /** Within a transaction. False when there was nothing left to do. */
  deleteSome(before: number): boolean {
    const deleted = finalMessageStates.map((state) => Number(this.#delete.run(state, before, before, messagesAtOnce).changes));
    if (deleted.some((count) => count > 0)) return true;
    return this.#words.forget(before);
  }
}
