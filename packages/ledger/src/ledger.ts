import type { DatabaseSync } from 'node:sqlite';
import type { JournalEvent, Ticket } from '@posthaste/core';
import { Intake, parseRecord } from './intake.ts';
import type { MessageRecord } from './record.ts';
import { openDatabase } from './schema.ts';
import { prepareStatements, type Statements } from './statements.ts';

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

  /** `path` is a file, or `:memory:`. */
  constructor(path: string) {
    this.#database = openDatabase(path);
    this.#sql = prepareStatements(this.#database);
  }

  position(partition: number): Position | undefined {
    const row = this.#sql.position.get(partition);
    return row && { createdAt: Number(row['created_at']), sequence: Number(row['sequence']), skip: Number(row['skip']) };
  }

  /** Takes events in, in their order, and moves the position, in one transaction. Returns those that belong to no message that it knows. */
  apply(partition: number, events: readonly JournalEvent[], position: Position): readonly JournalEvent[] {
    return this.#transact(partition, position, () => {
      const intake = new Intake(this.#sql);
      const strangers = events.filter((event) => !intake.take(event));
      intake.write();
      return strangers;
    });
  }

  /**
   * A part of the journal was lost, and what becomes of the mail under way may never be told here. So that mail is forgotten: whoever asks for
   * it is sent on to the scheduler, who knows. What is final stays. Returns how many messages were forgotten.
   */
  forgetUnfinished(partition: number, position: Position): number {
    return this.#transact(partition, position, () => {
      const { changes } = this.#sql.forgetUnfinished.run(partition);
      this.#sql.forgetOrphans.run();
      return Number(changes);
    });
  }

  getMessage(id: string): MessageRecord | undefined {
    const message = this.#sql.message.get(id);
    if (!message) return undefined;
    const rows = this.#sql.recipients.all(id);
    const recipients = rows.map((row) => ({ address: String(row['address']) }));
    const ticket = { ...(JSON.parse(String(message['ticket'])) as Omit<Ticket, 'recipients'>), recipients };
    return { ticket, recipients: rows.map((row) => parseRecord(row['record'])) };
  }

  close(): void {
    this.#database.close();
  }

  #transact<T>(partition: number, { createdAt, sequence, skip }: Position, work: () => T): T {
    this.#sql.begin.run();
    try {
      const result = work();
      this.#sql.putPosition.run(partition, createdAt, sequence, skip);
      this.#sql.commit.run();
      return result;
    } catch (error) {
      this.#sql.rollback.run();
      throw error;
    }
  }
}
