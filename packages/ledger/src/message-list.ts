import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { finalMessageStates, liveMessageStates, type MessageState } from '@posthaste/core';
import { hasWords, wordAskedFor, type MessageFilter } from './query.ts';
import type { MessageRecord } from './record.ts';
import { newestFirst, type Place, type WordIndex } from './word-index.ts';

export interface ListRequest {
  readonly filter: MessageFilter;
  /** Behind this place; absent: from the newest on. */
  readonly from?: Place | undefined;
  readonly size: number;
}

/** Newest first. */
export interface MessagePage {
  readonly messages: readonly MessageRecord[];
  /** Where the next page begins; absent after the last one. A page can be short, or even empty, and yet have a next one. */
  readonly next?: Place;
}

/** Places of mails that may match, and how far the search for them has come; null when there is nothing beyond. */
interface Candidates {
  readonly places: readonly Place[];
  readonly reached: Place | null;
}

const allStates: readonly MessageState[] = [...liveMessageStates, ...finalMessageStates];
/** Entries of the index that one statement passes: some 3 ms. */
export const entriesAtOnce = 10_000;
const fewEntries = 1_000;
/** Mails that are read and compared between two turns: some 3 ms. */
const readAtOnce = 100;
/** Steps a page: then it ends, however short it is. */
const stepsAPage = 200;

/**
 * Lists messages by filters, newest first. The order is that of acceptance, so what comes while someone turns pages comes before the first one.
 * A word leads (word-index.ts) when one is asked for, unless few mails are in the states asked for; else the index by state, through all states when none
 * is asked for. No statement reads more than `entriesAtOnce` entries.
 */
export class MessageList {
  readonly #database: DatabaseSync;
  /** By their conditions: there are few kinds of them. */
  readonly #narrowed = new Map<string, StatementSync>();
  readonly #sql: ReturnType<typeof prepareList>;
  readonly #words: WordIndex;
  readonly #read: (id: string) => MessageRecord | undefined;

  constructor(database: DatabaseSync, words: WordIndex, read: (id: string) => MessageRecord | undefined) {
    this.#database = database;
    this.#sql = prepareList(database);
    this.#words = words;
    this.#read = read;
  }

  /** `undefined` where others may have their turn. */
  *page({ filter, from = beginning(filter), size }: ListRequest): Generator<undefined, MessagePage> {
    const messages: MessageRecord[] = [];
    let [last, at] = [from, from];
    for (let step = 0; step < stepsAPage; step += 1) {
      const { places, reached } = yield* this.#candidates(filter, at);
      for (const place of places) {
        const message = this.#match(place, filter);
        if (!message) continue;
        if (messages.length === size) return { messages, next: last };
        messages.push(message);
        last = place;
      }
      if (reached === null) return { messages };
      at = reached;
      yield;
    }
    return { messages, next: messages.length === size ? last : at };
  }

  *#candidates(filter: MessageFilter, from: Place): Generator<undefined, Candidates> {
    const word = this.#areFew(filter) ? undefined : wordAskedFor(filter);
    if (word === undefined) return this.#byState(filter, from);
    const places = yield* this.#words.find(word, from, filter.acceptedAfter ?? 0, readAtOnce);
    return { places: distinct(places), reached: places.length < readAtOnce ? null : (places.at(-1) ?? null) };
  }

  /** Whether so few mails are in the states asked for that no word leads faster to those that are wanted. */
  #areFew({ states }: MessageFilter): boolean {
    return states !== undefined && states.every((state) => !this.#sql.end.get(state, 0, '', Number.MAX_SAFE_INTEGER, '', fewEntries));
  }

  /** The states' entries side by side; what lies beyond the nearest of their ends is left for the next step. */
  #byState(filter: MessageFilter, from: Place): Candidates {
    const found = (filter.states ?? allStates).map((state) => this.#inState(state, filter, from));
    const ends = found.flatMap(({ reached }) => reached ?? []).toSorted(newestFirst);
    const places = found.flatMap((candidates) => candidates.places).toSorted(newestFirst);
    const nearest = ends[0];
    if (!nearest && places.length <= readAtOnce) return { places, reached: null };
    const within = nearest ? places.filter((place) => newestFirst(place, nearest) <= 0) : places;
    return within.length <= readAtOnce ? { places: within, reached: nearest ?? null } : cut(within);
  }

  #inState(state: MessageState, filter: MessageFilter, from: Place): Candidates {
    const bounds = (oldest: Place) => [state, oldest.acceptedAt, oldest.id, from.acceptedAt, from.id] as const;
    const oldest = { acceptedAt: filter.acceptedAfter ?? 0, id: '' };
    const { where, values } = narrowing(filter);
    const end = where === '' ? undefined : this.#sql.end.get(...bounds(oldest), entriesAtOnce - 1);
    const reached = end ? placeOf(end) : null;
    const places = this.#entries(where)
      .all(...bounds(reached ?? oldest), ...values, readAtOnce)
      .map(placeOf);
    return { places, reached: places.length < readAtOnce ? reached : (places.at(-1) ?? null) };
  }

  #entries(where: string): StatementSync {
    let statement = this.#narrowed.get(where);
    if (!statement) this.#narrowed.set(where, (statement = prepareEntries(this.#database, where)));
    return statement;
  }

  /** The message at this place, when it is all that is asked for: it may have changed, and words are only guessed at. */
  #match({ id, acceptedAt }: Place, filter: MessageFilter): MessageRecord | undefined {
    const row = this.#sql.facts.get(id);
    if (!row || Number(row['accepted_at']) !== acceptedAt) return undefined;
    const { states, lanes: wantedLanes, tenant, upstream } = filter;
    const fits =
      isAmong(row['state'], states) && isAmong(row['lane'], wantedLanes) && isAmong(row['tenant'], tenant) && isAmong(row['upstream'], upstream);
    const message = fits ? this.#read(id) : undefined;
    return message && hasWords(message, filter) ? message : undefined;
  }
}

function cut(places: readonly Place[]): Candidates {
  const some = places.slice(0, readAtOnce);
  return { places: some, reached: some.at(-1) ?? null };
}

function isAmong(value: unknown, wanted: string | readonly string[] | undefined): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === 'string' ? value === wanted : wanted.includes(String(value));
}

/** Behind it lies all that was accepted before the time asked for. */
function beginning({ acceptedBefore = Number.MAX_SAFE_INTEGER }: MessageFilter): Place {
  return { acceptedAt: acceptedBefore, id: '' };
}

function distinct(places: readonly Place[]): Place[] {
  return places.filter((place, index) => place.id !== places[index - 1]?.id);
}

function placeOf(row: Record<string, unknown>): Place {
  return { acceptedAt: Number(row['accepted_at']), id: String(row['id']) };
}

const inRange = 'state = ? AND (accepted_at, id) >= (?, ?) AND (accepted_at, id) < (?, ?)';
const inOrder = 'ORDER BY accepted_at DESC, id DESC';

export function prepareList(database: DatabaseSync) {
  return {
    end: database.prepare(`SELECT accepted_at, id FROM message INDEXED BY message_by_state WHERE ${inRange} ${inOrder} LIMIT 1 OFFSET ?`),
    facts: database.prepare('SELECT accepted_at, state, lane, tenant, upstream FROM message WHERE id = ?'),
  };
}

/** Entries of the index by state that `where` lets pass. */
export function prepareEntries(database: DatabaseSync, where: string): StatementSync {
  return database.prepare(`SELECT accepted_at, id FROM message INDEXED BY message_by_state WHERE ${inRange} ${where} ${inOrder} LIMIT ?`);
}

/** What of a filter the index by state can tell, as SQL. */
export function narrowing({ lanes, tenant, upstream }: MessageFilter): { readonly where: string; readonly values: readonly string[] } {
  const among = lanes === undefined ? '' : ` AND lane IN (${lanes.map(() => '?').join(', ')})`;
  const where = `${among}${tenant === undefined ? '' : ' AND tenant = ?'}${upstream === undefined ? '' : ' AND upstream = ?'}`;
  return { where, values: [...(lanes ?? []), ...[tenant, upstream].filter((value) => value !== undefined)] };
}
