import { readTicket, type Place, type Ticket } from '@posthaste/core';
import { isStreamError, laneOfStream, partitionOfStream, readEntry, ticketHeader, type Stored, type StreamConnection } from '@posthaste/stream';
import type { Clock } from '@posthaste/telemetry';
import { createJournalSearch, type JournalSearch } from './journal-search.ts';
import { RecentMails } from './recent-mails.ts';
import type { Acceptance } from './submission.ts';

export interface RepeatsOptions {
  readonly connection: StreamConnection;
  readonly clock: Clock;
  /** How long a repetition is recognised: the duplicate window of the streams. */
  readonly windowMs: number;
}

/**
 * A mail's fingerprint is its message id in the stream, so that the stream itself tells a repeated submission, at no cost to all others: it
 * acknowledges the second one as a duplicate of the first one's sequence. Which mail that was, this process may remember; else the first one's entry
 * says it, or, when that has been delivered and trimmed, the journal.
 */
export class Repeats {
  readonly #options: RepeatsOptions;
  readonly #recent: RecentMails;
  /** By partition. */
  readonly #journals = new Map<number, JournalSearch>();
  /** Two at once would meet in one batch, which the stream then refuses as a whole. */
  readonly #inFlight = new Map<string, Promise<unknown>>();

  constructor(options: RepeatsOptions) {
    this.#options = options;
    this.#recent = new RecentMails(options.windowMs);
  }

  /**
   * Accepts a mail unless it repeats another one; then answers that one's id.
   *
   * @param own what is answered when it is new
   * @param store publishes it under a message id
   */
  async accept(fingerprint: string, own: Acceptance, store: (messageId: string) => Promise<Stored>): Promise<Acceptance> {
    for (let other = this.#inFlight.get(fingerprint); other; other = this.#inFlight.get(fingerprint)) await other.catch(() => {});
    const known = this.#recent.find(fingerprint, this.#options.clock.monotonic());
    if (known) return { ...own, ...known, replayed: true };
    const accepting = this.#accept(fingerprint, own, store);
    this.#inFlight.set(fingerprint, accepting);
    try {
      return await accepting;
    } finally {
      this.#inFlight.delete(fingerprint);
    }
  }

  async #accept(fingerprint: string, own: Acceptance, store: (messageId: string) => Promise<Stored>): Promise<Acceptance> {
    const stored = await store(fingerprint);
    const first = stored.duplicate ? await this.#ticketAt(stored) : own;
    // The stream knows the fingerprint, yet nobody knows the mail: rather a second one than an id that leads nowhere.
    if (!first) await store(own.id);
    const { id, acceptedAt } = first ?? own;
    this.#recent.add(fingerprint, { id, acceptedAt }, this.#options.clock.monotonic());
    return id === own.id ? own : { ...own, id, acceptedAt, replayed: true };
  }

  /** A repetition of our own publication, after a lost acknowledgement, finds its own ticket. */
  async #ticketAt({ stream, sequence }: Stored): Promise<Ticket | undefined> {
    const { connection } = this.#options;
    try {
      const entry = await readEntry(connection, stream, sequence, { fromLeader: true });
      return readTicket(entry.header(ticketHeader));
    } catch (error) {
      if (!isStreamError(error, 'NOT_FOUND')) throw error;
      return this.#journalOf(stream).find(placeOf(stream, sequence));
    }
  }

  #journalOf(stream: string): JournalSearch {
    const partition = partitionOfStream(stream);
    const search = this.#journals.get(partition) ?? createJournalSearch({ ...this.#options, partition });
    this.#journals.set(partition, search);
    return search;
  }
}

function placeOf(stream: string, sequence: number): Place {
  const lane = laneOfStream(stream);
  return lane ? { kind: 'log', lane, sequence } : { kind: 'wait', sequence };
}
