import type { DatabaseSync } from 'node:sqlite';
import type { JournalEvent, Ticket } from '@posthaste/core';
import { Intake, parseRecords } from './intake.ts';
import { MessageList, type ListRequest, type MessagePage } from './message-list.ts';
import { RecentRows } from './recent-rows.ts';
import type { MessageRecord } from './record.ts';
import { Retention } from './retention.ts';
import { openDatabase } from './schema.ts';
import { prepareStatements, type Statements } from './statements.ts';
import { WordIndex } from './word-index.ts';

/** How far a partition's journal has been taken in. */
export interface Position {
  /** When the journal's stream was created, milliseconds since the epoch: a sequence means nothing in another stream. */
  readonly createdAt: number;
  /** All entries up to this one are in. */
  readonly sequence: number;
  /** And this many events of the next one. */
  readonly skip: number;
}

/** JOURNAL as rows that can be asked. One process at a time. */
export class Ledger {
  readonly #database: DatabaseSync;
  readonly #sql: Statements;
  readonly #words: WordIndex;
  readonly #recent = new RecentRows();
  readonly #list: MessageList;
  readonly #retention: Retention;

  /** `path` is a file, or `:memory:`. */
  constructor(path: string) {
    this.#database = openDatabase(path);
    this.#sql = prepareStatements(this.#database);
    this.#words = new WordIndex(this.#database);
    this.#list = new MessageList(this.#database, this.#words, (id) => this.getMessage(id));
    this.#retention = new Retention(this.#database, this.#words);
  }

  position(partition: number): Position | undefined {
    const row = this.#sql.position.get(partition);
    return row && { createdAt: Number(row['created_at']), sequence: Number(row['sequence']), skip: Number(row['skip']) };
  }

  /** Takes events in, in their order, and moves the position, in one transaction. Returns those that belong to no message that it knows. */
  apply(partition: number, events: readonly JournalEvent[], position: Position): readonly JournalEvent[] {
    return this.#transact(() => {
      const intake = new Intake(this.#sql, this.#words, this.#recent);
      const strangers = events.filter((event) => !intake.take(event));
      intake.write();
      this.#putPosition(partition, position);
      return strangers;
    });
  }

  /** Takes in mails as they stand, in the place of all that was known of them. */
  put(mails: readonly MessageRecord[]): void {
    this.#transact(() => {
      const intake = new Intake(this.#sql, this.#words, this.#recent);
      for (const { ticket, recipients } of mails) intake.put(ticket, recipients);
      intake.write();
    });
  }

  /**
   * A part of the journal was lost, and what becomes of the mail under way may never be told here. So that mail is forgotten: whoever asks for
   * it is sent on to the scheduler, who knows. What is final stays. Returns how many messages were forgotten.
   */
  forgetUnfinished(partition: number): number {
    this.#recent.clear();
    return this.#transact(() => Number(this.#sql.forgetUnfinished.run(partition).changes));
  }

  getMessage(id: string): MessageRecord | undefined {
    const row = this.#sql.message.get(id);
    return row && { ticket: JSON.parse(String(row['ticket'])) as Ticket, recipients: parseRecords(row['records']) };
  }

  /** How many messages it holds. */
  count(): number {
    return Number(this.#sql.count.get()?.['count']);
  }

  /** A page of messages, in steps of a few milliseconds: `undefined` where others may have their turn. */
  list(request: ListRequest): Generator<undefined, MessagePage> {
    return this.#list.page(request);
  }

  /** Deletes some of the finished messages that have not changed since `before`, milliseconds since the epoch. False when there was nothing left to do. */
  deleteSome(before: number): boolean {
    return this.#transact(() => this.#retention.deleteSome(before));
  }

  close(): void {
    this.#database.close();
  }

  #putPosition(partition: number, { createdAt, sequence, skip }: Position): void {
    this.#sql.putPosition.run(partition, createdAt, sequence, skip);
  }

  #transact<T>(work: () => T): T {
    this.#sql.begin.run();
    try {
      const result = work();
      this.#sql.commit.run();
      return result;
    } catch (error) {
      this.#sql.rollback.run();
      this.#words.recount();
      this.#recent.clear();
      throw error;
    }
  }
}
