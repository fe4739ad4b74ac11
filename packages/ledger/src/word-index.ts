import type { DatabaseSync } from 'node:sqlite';
import type { Word } from './words.ts';

/** Where a mail stands in lists: by its acceptance, then by its id. */
export interface Place {
  readonly acceptedAt: number;
  readonly id: string;
}

/**
 * Finds mail by words.
 *
 * Problem: an index over words (addresses, Message-IDs) grows all over, so each new word dirties a page of its own: measured, 75 us for the six words of a
 * mail, against 13 us for the mail itself.
 * Rule: a mail's words are appended to `fresh` as one row. When that holds `runWords` of them they are sealed: sorted, and appended as one run, so that
 * every write goes to the end of a tree. A question looks through `fresh`, and once into each run, the newest first, and stops when older runs cannot matter.
 * Measured: 15 us a mail. A run is some 850 mails.
 * Limits: sealing takes some 10 ms of the transaction that it falls into; a question takes some 15 us a run, so 25 ms for a word among a million mails.
 */
export class WordIndex {
  readonly #sql: ReturnType<typeof prepareWords>;
  #freshCount: number;

  constructor(database: DatabaseSync) {
    this.#sql = prepareWords(database);
    this.#freshCount = Number(this.#sql.freshCount.get()?.['count'] ?? 0);
  }

  /** Within a transaction. */
  add(words: readonly Word[], { acceptedAt, id }: Place): void {
    if (words.length === 0) return;
    this.#sql.add.run(acceptedAt, id, JSON.stringify(words));
    this.#freshCount += words.length;
    if (this.#freshCount >= runWords) this.#seal();
  }

  /** After a transaction that was rolled back. */
  recount(): void {
    this.#freshCount = Number(this.#sql.freshCount.get()?.['count'] ?? 0);
  }

  #seal(): void {
    const number = Number(this.#sql.lastRun.get()?.['number'] ?? 0) + 1;
    this.#sql.seal.run(number);
    this.#sql.noteRun.run(number);
    this.#sql.emptyFresh.run();
    this.#freshCount = 0;
  }

  /**
   * The places of mails with this word behind `from` and not before `oldest`, newest first, `most` at most; a mail may be told twice. One step of a few
   * milliseconds each: `undefined` where others may have their turn.
   */
  *find(word: Word, from: Place, oldest: number, most: number): Generator<undefined, Place[]> {
    const range = [word, oldest, from.acceptedAt, from.id] as const;
    let places = this.#sql.fresh.all(...range, most).map(placeOf);
    yield;
    let looked = 0;
    for (const { number, newest } of this.#runs(oldest)) {
      const least = places[most - 1];
      if (least && newest < least.acceptedAt) break;
      const found = this.#sql.inRun.all(number, ...range, most).map(placeOf);
      if (found.length > 0) places = [...places, ...found].toSorted(newestFirst).slice(0, most);
      if ((looked += 1) % runsAStep === 0) yield;
    }
    return places;
  }

  #runs(oldest: number): { readonly number: number; readonly newest: number }[] {
    return this.#sql.runs.all(oldest).map((row) => ({ number: Number(row['number']), newest: Number(row['newest']) }));
  }

  /**
   * Takes some words of the oldest run away, when all its mails were accepted before `before`; those of mails that are still there become fresh again.
   * False when there is nothing to do. Within a transaction.
   */
  forget(before: number): boolean {
    const run = this.#sql.oldestRun.get(before)?.['number'];
    if (run === undefined) return false;
    const upTo = this.#sql.forgetUpTo.get(run, forgottenAtOnce)?.['word'];
    const bound = upTo === undefined ? largestWord : Number(upTo);
    this.#freshCount += Number(this.#sql.keep.run(run, bound).changes);
    this.#sql.forget.run(run, bound);
    if (bound === largestWord) this.#sql.forgetRun.run(run);
    return true;
  }
}

export const runWords = 5_000;
const runsAStep = 100;
const forgottenAtOnce = 1_000;
const largestWord = Number.MAX_SAFE_INTEGER;

export function newestFirst(one: Place, other: Place): number {
  if (one.acceptedAt !== other.acceptedAt) return other.acceptedAt - one.acceptedAt;
  return one.id < other.id ? 1 : one.id > other.id ? -1 : 0;
}

function placeOf(row: Record<string, unknown>): Place {
  return { acceptedAt: Number(row['accepted_at']), id: String(row['message']) };
}

const inRange = 'word = ? AND accepted_at >= ? AND (accepted_at, message) < (?, ?) ORDER BY accepted_at DESC, message DESC LIMIT ?';

export function prepareWords(database: DatabaseSync) {
  return {
    freshCount: database.prepare('SELECT ifnull(sum(json_array_length(words)), 0) AS count FROM fresh'),
    add: database.prepare('INSERT INTO fresh (accepted_at, message, words) VALUES (?, ?, ?)'),
    lastRun: database.prepare('SELECT max(number) AS number FROM run'),
    seal: database.prepare(
      'INSERT OR IGNORE INTO word SELECT ?, value, accepted_at, message FROM fresh, json_each(words) ORDER BY value, accepted_at, message',
    ),
    noteRun: database.prepare('INSERT INTO run SELECT ?, max(accepted_at) FROM fresh'),
    emptyFresh: database.prepare('DELETE FROM fresh'),
    fresh: database.prepare(
      `SELECT accepted_at, message FROM (SELECT value AS word, accepted_at, message FROM fresh, json_each(words)) WHERE ${inRange}`,
    ),
    inRun: database.prepare(`SELECT accepted_at, message FROM word WHERE run = ? AND ${inRange}`),
    runs: database.prepare('SELECT number, newest FROM run WHERE newest >= ? ORDER BY newest DESC'),
    oldestRun: database.prepare('SELECT number FROM run WHERE newest < ? ORDER BY newest LIMIT 1'),
    forgetUpTo: database.prepare('SELECT word FROM word WHERE run = ? ORDER BY word LIMIT 1 OFFSET ?'),
    keep: database.prepare(
      `INSERT INTO fresh (accepted_at, message, words) SELECT accepted_at, message, json_array(word) FROM word
       WHERE run = ? AND word <= ? AND EXISTS (SELECT 1 FROM message WHERE message.id = word.message)`,
    ),
    forget: database.prepare('DELETE FROM word WHERE run = ? AND word <= ?'),
    forgetRun: database.prepare('DELETE FROM run WHERE number = ?'),
  };
}
