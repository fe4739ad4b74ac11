import {
  laneNameOf,
  messageStateOf,
  partitionOf,
  type Accepted,
  type JournalEvent,
  type LaneChanged,
  type RecipientEvent,
  type Revived,
  type Ticket,
  type WrittenLane,
} from '@posthaste/core';
import { firstRecord, fold } from './fold.ts';
import type { RecentRow, RecentRows } from './recent-rows.ts';
import type { RecipientRecord } from './record.ts';
import type { Statements } from './statements.ts';
import { upstreamIdOf } from './upstream-id.ts';
import type { WordIndex } from './word-index.ts';
import { wordOf, wordsOf } from './words.ts';

/** A mail that the transaction touches. */
interface Touched {
  /** Set when its row is new. */
  ticket?: Ticket;
  /** Set when it was changed. */
  lane?: WrittenLane;
  readonly acceptedAt: number;
  readonly records: RecipientRecord[];
  /** Under which upstreams took it in this transaction. */
  readonly upstreamIds: Set<string>;
}

/**
 * The events of one transaction, coalesced: a mail's row is read at most once and written at most once, however many of its events come together.
 * On the usual road accepted, started and delivered do.
 */
export class Intake {
  readonly #sql: Statements;
  readonly #words: WordIndex;
  readonly #recent: RecentRows;
  readonly #touched = new Map<string, Touched>();

  constructor(sql: Statements, words: WordIndex, recent: RecentRows) {
    this.#sql = sql;
    this.#words = words;
    this.#recent = recent;
  }

  /** False when the event belongs to a message that the ledger does not know. */
  take(event: JournalEvent): boolean {
    switch (event.kind) {
      case 'accepted':
        this.#accept(event);
        return true;
      case 'laneChanged':
        return this.#changeLane(event);
      case 'revived':
        return this.#revive(event);
      default:
        return 'recipients' in event ? this.#move(event) : true;
    }
  }

  /** Takes in a mail as it stands, in the place of its events. */
  put(ticket: Ticket, records: readonly RecipientRecord[]): void {
    this.#touched.set(ticket.id, { ticket, acceptedAt: ticket.acceptedAt, records: [...records], upstreamIds: upstreamIdsOf(records) });
  }

  write(): void {
    for (const [id, touched] of this.#touched) this.#writeRow(id, touched);
  }

  #accept({ at, ticket }: Accepted): void {
    const record = firstRecord(ticket, at);
    this.put(
      ticket,
      ticket.recipients.map(() => record),
    );
  }

  #move(event: RecipientEvent): boolean {
    const touched = this.#touch(event.id);
    if (!touched) return false;
    const { records, upstreamIds } = touched;
    for (const number of event.recipients) {
      const before = records[number];
      if (!before) return false;
      const after = (records[number] = fold(before, event));
      if (after !== before && after.state.kind === 'delivered') addUpstreamId(upstreamIds, after);
    }
    return true;
  }

  /** A dead letter may outlive its row: it tells itself all that a row needs. */
  #revive(event: Revived): boolean {
    const { at, id, ticket, states } = event;
    const known = this.#touch(id);
    // An operator may have given it another lane in its former life.
    if (known) known.lane = { lane: ticket.lane, furtherLane: ticket.furtherLane };
    else {
      const records = states.map((state) => ({ state, changedAt: at, attempts: [] }));
      this.put(ticket, records);
    }
    return this.#move(event);
  }

  #changeLane({ id, lane, furtherLane }: LaneChanged): boolean {
    const touched = this.#touch(id);
    if (touched) touched.lane = { lane, furtherLane };
    return touched !== undefined;
  }

  #touch(id: string): Touched | undefined {
    const known = this.#touched.get(id);
    if (known) return known;
    const row = this.#recent.get(id) ?? this.#readRow(id);
    if (!row) return undefined;
    const touched = { acceptedAt: row.acceptedAt, records: [...row.records], upstreamIds: new Set<string>() };
    this.#touched.set(id, touched);
    return touched;
  }

  #readRow(id: string): RecentRow | undefined {
    const row = this.#sql.records.get(id);
    return row && { acceptedAt: Number(row['accepted_at']), records: parseRecords(row['records']) };
  }

  #writeRow(id: string, { ticket, lane: newLane, acceptedAt, records, upstreamIds }: Touched): void {
    const state = messageStateOf(records.map((record) => record.state.kind));
    const changedAt = records.reduce((latest, record) => Math.max(latest, record.changedAt), 0);
    const json = JSON.stringify(records);
    const words = [...upstreamIds].map((upstreamId) => wordOf('upstreamId', upstreamId));
    if (ticket) {
      const { tenant } = ticket;
      const upstream = lastUpstream(records);
      this.#sql.putMessage.run(id, partitionOf(id), acceptedAt, changedAt, state, laneNameOf(ticket), tenant, upstream, JSON.stringify(ticket), json);
      words.push(...wordsOf(ticket));
    } else this.#sql.updateMessage.run(changedAt, state, lastUpstream(records), json, id);
    if (newLane) this.#sql.updateLane.run(laneNameOf(newLane), patchOf(newLane), id);
    this.#words.add(words, { acceptedAt, id });
    this.#recent.note(id, state, { acceptedAt, records });
  }
}

/** For the ticket in a row: null takes a field out (RFC 7396). */
function patchOf({ lane, furtherLane = null }: { readonly lane: string; readonly furtherLane?: string | null | undefined }): string {
  return JSON.stringify({ lane, furtherLane });
}

export function parseRecords(column: unknown): RecipientRecord[] {
  return JSON.parse(String(column)) as RecipientRecord[];
}

/** The ids under which upstreams took a mail. */
export function upstreamIdsOf(records: readonly RecipientRecord[]): Set<string> {
  const ids = new Set<string>();
  for (const record of records) addUpstreamId(ids, record);
  return ids;
}

function addUpstreamId(ids: Set<string>, { state }: RecipientRecord): void {
  const id = state.kind === 'delivered' ? upstreamIdOf(state.reply.text) : undefined;
  if (id !== undefined) ids.add(id);
}

/** Where the mail was tried last; empty when it was not. */
function lastUpstream(records: readonly RecipientRecord[]): string {
  let last = { startedAt: -Infinity, upstream: '' };
  for (const { attempts } of records) {
    const attempt = attempts.at(-1);
    if (attempt && attempt.startedAt > last.startedAt) last = attempt;
  }
  return last.upstream;
}
