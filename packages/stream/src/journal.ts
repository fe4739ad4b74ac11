import { randomUUID } from 'node:crypto';
import type { Clock, Log } from '@posthaste/telemetry';
import { readAnswer } from './api.ts';
import type { StreamConnection } from './connection.ts';
import { readEntry, streamState } from './direct.ts';
import { isStreamError, StreamError } from './errors.ts';
import type { Headers } from './headers.ts';
import { journalStream, journalSubject, type JournalKind } from './layout.ts';

export interface JournalOptions {
  readonly partition: number;
  readonly owner: string;
  readonly log: Log;
  readonly clock: Clock;
}

export interface Journal {
  /** The last sequence that is known to be ours or older. */
  readonly lastSequence: number;
  /** True for ever once another writer has appended. */
  readonly fenced: boolean;
  /**
   * Appends one entry and resolves to its sequence; waits and tries again while NATS is away. Entries come into the journal in
   * the order of the calls, and none is there unless all earlier ones are: when one is refused (FULL, TOO_LARGE), those called
   * meanwhile are refused with it. Rejects with FENCED, and does so for ever, after another writer has appended.
   */
  append(kind: JournalKind, body: Uint8Array, headers?: Headers): Promise<number>;
}

/** Opens the journal behind its present last entry. Whoever appends first fences all others that were opened before. */
export async function openJournal(connection: StreamConnection, options: JournalOptions): Promise<Journal> {
  const { last } = await streamState(connection, journalStream(options.partition));
  return new FencedJournal(connection, options, last);
}

const appendIdHeader = 'Posthaste-Append';
const ownerHeader = 'Posthaste-Owner';
const retryPauseMs = 100;
/** Further appends wait until an earlier one is settled. */
const mostInFlight = 2;

type Outcome = { readonly kind: 'stored'; readonly sequence: number } | { readonly kind: 'failed'; readonly error: unknown };

interface Append {
  readonly id: string;
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers: Headers;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: unknown) => void;
  /** Absent until it is sent, and again when it has to be sent once more. */
  answer: Promise<Outcome> | undefined;
}

/**
 * Every append expects the sequence of the one before it, so that two writers exclude each other. A lost acknowledgement looks
 * like a foreign entry; the id in the header of the entry that lies there tells which it is.
 */
class FencedJournal implements Journal {
  lastSequence: number;
  fenced = false;
  private readonly connection: StreamConnection;
  private readonly options: JournalOptions;
  private readonly stream: string;
  private readonly queue: Append[] = [];
  private running = false;

  constructor(connection: StreamConnection, options: JournalOptions, lastSequence: number) {
    this.connection = connection;
    this.options = options;
    this.stream = journalStream(options.partition);
    this.lastSequence = lastSequence;
  }

  append(kind: JournalKind, body: Uint8Array, headers: Headers = {}): Promise<number> {
    if (this.fenced) return Promise.reject(this.fencedError());
    const id = randomUUID();
    const subject = journalSubject(this.options.partition, kind);
    const allHeaders = { ...headers, [appendIdHeader]: id, [ownerHeader]: this.options.owner };
    return new Promise((resolve, reject) => {
      this.queue.push({ id, subject, body, headers: allHeaders, resolve, reject, answer: undefined });
      if (this.running) this.send();
      else void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    for (let first = this.queue[0]; first; first = this.queue[0]) {
      this.send();
      const outcome = await first.answer!;
      if (outcome.kind === 'stored') this.settle(first, outcome.sequence);
      else await this.recover(first, outcome.error);
    }
    this.running = false;
  }

  /** Sends what may be in flight and is not. */
  private send(): void {
    for (const [index, append] of this.queue.slice(0, mostInFlight).entries()) append.answer ??= this.sendOne(append, this.lastSequence + index);
  }

  private async sendOne({ subject, body, headers }: Append, expected: number): Promise<Outcome> {
    try {
      const answer = await this.connection.ask(subject, body, { headers: { ...headers, 'Nats-Expected-Last-Sequence': String(expected) } });
      return { kind: 'stored', sequence: readAnswer<{ seq: number }>(answer, `appending to ${this.stream}`).seq };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  private settle(append: Append, sequence: number): void {
    this.lastSequence = sequence;
    this.queue.shift();
    append.resolve(sequence);
  }

  private async recover(append: Append, error: unknown): Promise<void> {
    if (isStreamError(error, 'FENCED')) return this.judge(append).catch((lookError: unknown) => this.recoverFrom(lookError));
    return this.recoverFrom(error);
  }

  private async recoverFrom(error: unknown): Promise<void> {
    if (!isStreamError(error, 'AWAY')) return this.refuseAll(error);
    this.options.log.debug('an append to the journal was not acknowledged; trying again', { stream: this.stream, error });
    await this.connection.whenConnected().then(() => this.sendAgain(), (closed: unknown) => this.refuseAll(closed));
  }

  /** The stream's last sequence was not what the append expected: it is there already, or one before it is missing, or another writer has appended. */
  private async judge(append: Append): Promise<void> {
    const sequence = this.lastSequence + 1;
    if ((await this.appendIdAt(sequence)) === append.id) return this.settle(append, sequence);
    const { last } = await streamState(this.connection, this.stream);
    if (last === this.lastSequence) return this.sendAgain();
    this.fenced = true;
    this.options.log.warn('another writer has appended to the journal', { stream: this.stream, owner: this.options.owner, expected: this.lastSequence, last });
    this.refuseAll(this.fencedError());
  }

  private async appendIdAt(sequence: number): Promise<string | undefined> {
    try {
      return (await readEntry(this.connection, this.stream, sequence, { fromLeader: true })).header(appendIdHeader);
    } catch (error) {
      if (isStreamError(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  }

  /** All in flight, because each expects the one before it. One that arrives twice is refused by its expected sequence. */
  private async sendAgain(): Promise<void> {
    await this.options.clock.sleep(retryPauseMs);
    for (const append of this.queue) append.answer = undefined;
  }

  private refuseAll(error: unknown): void {
    for (const append of this.queue.splice(0)) append.reject(error);
  }

  private fencedError(): StreamError {
    return new StreamError('FENCED', `${this.stream}: another writer has appended; ${this.options.owner} must not go on`);
  }
}
