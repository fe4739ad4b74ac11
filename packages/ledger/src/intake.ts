import { partitionOf, type Accepted, type JournalEvent, type RecipientEvent } from '@posthaste/core';
import { firstRecord, fold } from './fold.ts';
import type { RecipientRecord } from './record.ts';
import type { Statements } from './statements.ts';

interface Row {
  readonly kind: 'new' | 'stored';
  readonly address: string;
  record: RecipientRecord;
}

/**
 * The events of one transaction, coalesced: a recipient's row is read at most once and written at most once, however many events of its mail
 * come together. On the usual road accepted, started and delivered do.
 */
export class Intake {
  readonly #sql: Statements;
  /** By message and the recipient's number in it. */
  readonly #touched = new Map<string, Map<number, Row>>();

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** False when the event belongs to a message that the ledger does not know. */
  take(event: JournalEvent): boolean {
    if (event.kind === 'moved') return true;
    if (event.kind !== 'accepted') return this.#move(event);
    this.#accept(event);
    return true;
  }

  write(): void {
    for (const [id, rows] of this.#touched) for (const [number, row] of rows) this.#writeRow(id, number, row);
  }

  #accept({ id, at, ticket }: Accepted): void {
    const { recipients, ...rest } = ticket;
    this.#sql.putMessage.run(id, partitionOf(id), ticket.acceptedAt, JSON.stringify(rest));
    const record = firstRecord(ticket, at);
    this.#touched.set(id, new Map(recipients.map(({ address }, number) => [number, { kind: 'new', address, record }])));
  }

  #move(event: RecipientEvent): boolean {
    const rows = event.recipients.map((number) => this.#row(event.id, number));
    for (const row of rows) if (row) row.record = fold(row.record, event);
    return rows.every((row) => row !== undefined);
  }

  #row(id: string, number: number): Row | undefined {
    const rows = this.#touched.get(id) ?? new Map<number, Row>();
    const touched = rows.get(number);
    if (touched) return touched;
    const stored = this.#sql.recipient.get(id, number);
    if (!stored) return undefined;
    const row: Row = { kind: 'stored', address: String(stored['address']), record: parseRecord(stored['record']) };
    this.#touched.set(id, rows.set(number, row));
    return row;
  }

  #writeRow(id: string, number: number, { kind, address, record }: Row): void {
    const json = JSON.stringify(record);
    if (kind === 'new') this.#sql.putRecipient.run(id, number, address, record.state.kind, json);
    else this.#sql.updateRecipient.run(record.state.kind, json, id, number);
  }
}

export function parseRecord(column: unknown): RecipientRecord {
  return JSON.parse(String(column)) as RecipientRecord;
}
