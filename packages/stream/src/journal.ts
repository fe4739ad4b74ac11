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

interface Append {
  readonly id: string;
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers: Headers;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Every append expects the sequence of the one before it, so that two writers exclude each other. A lost acknowledgement looks
 * like a foreign entry; the id in the header of the entry that lies there tells which it is. Only one append is in flight: if a
 * second one followed it unacknowledged, a foreign entry could take the first one's place and the second would be stored behind it.
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
      this.queue.push({ id, subject, body, headers: allHeaders, resolve, reject });
      if (!this.running) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    for (let first = this.queue[0]; first; first = this.queue[0]) {
      try {
        this.settle(first, await this.send(first));
      } catch (error) {
        await this.recover(first, error);
      }
    }
    this.running = false;
  }

  private async send({ subject, body, headers }: Append): Promise<number> {
    const expectation = { 'Nats-Expected-Last-Sequence': String(this.lastSequence) };
    const answer = await this.connection.ask(subject, body, { headers: { ...headers, ...expectation } });
    const { seq } = readAnswer(answer, `appending to ${this.stream}`) as { seq: number };
    return seq;
  }

  private settle(append: Append, sequence: number): void {
    this.lastSequence = sequence;
    this.queue.shift();
    append.resolve(sequence);
  }

  /** Leaves the append in the queue when it has to be sent again. */
  private async recover(append: Append, error: unknown): Promise<void> {
    if (isStreamError(error, 'FENCED')) return this.judge(append).catch((lookError: unknown) => this.waitOrRefuse(lookError));
    return this.waitOrRefuse(error);
  }

  private async waitOrRefuse(error: unknown): Promise<void> {
    if (!isStreamError(error, 'AWAY')) return this.refuseAll(error);
    this.options.log.debug('an append to the journal was not acknowledged; trying again', { stream: this.stream, error });
    await this.options.clock.sleep(retryPauseMs);
    await this.connection.whenConnected().catch((closed: unknown) => this.refuseAll(closed));
  }

  /** The stream's last sequence was not what the append expected: it is there already, or another writer has appended. */
  private async judge(append: Append): Promise<void> {
    const sequence = this.lastSequence + 1;
    if ((await this.appendIdAt(sequence)) === append.id) return this.settle(append, sequence);
    this.fenced = true;
    this.options.log.warn('another writer has appended to the journal', {
      stream: this.stream,
      owner: this.options.owner,
      expected: this.lastSequence,
    });
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

  private refuseAll(error: unknown): void {
    for (const append of this.queue.splice(0)) append.reject(error);
  }

  private fencedError(): StreamError {
    return new StreamError('FENCED', `${this.stream}: another writer has appended; ${this.options.owner} must not go on`);
  }
}
