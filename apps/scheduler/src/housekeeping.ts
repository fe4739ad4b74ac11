import { lanes } from '@posthaste/core';
import {
  isStreamError,
  journalStream,
  mailStream,
  readEntry,
  readNext,
  streamState,
  waitStream,
  type StreamConnection,
  type StreamState,
} from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';
import type { Checkpointer } from './checkpointer.ts';
import type { Driver } from './driver.ts';
import type { JournalWriter } from './journal-writer.ts';
import type { Figures } from './figures.ts';
import { hidePartition, metrics, showCensus, showFleet } from './metrics.ts';
import { hideUpstreams, showUpstreams } from './upstream-metrics.ts';
import type { Removals } from './removals.ts';

export interface HousekeepingOptions {
  readonly connection: StreamConnection;
  readonly partition: number;
  readonly driver: Driver;
  readonly figures: Figures;
  readonly writer: JournalWriter;
  readonly checkpointer: Checkpointer;
  readonly removals: Removals;
  readonly checkpointEveryMs: number;
  readonly checkpointEvents: number;
  readonly historyMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const everyMs = 1_000;
/** The journal's room is reserved: at this share a checkpoint makes its history dispensable, and some of it is let go. */
const journalFull = 0.6;
const letGo = 0.3;
const ageLookEveryMs = 600_000;

/** Once a second: how full the logs are, what is unread, whether a checkpoint is due, whether the journal's history has become too long. */
export async function keepHouse(options: HousekeepingOptions): Promise<void> {
  const { clock, log, signal } = options;
  const house = new House(options);
  signal.addEventListener('abort', () => house.hide(), { once: true });
  while (!signal.aborted) {
    await house.round().catch((error: unknown) => log.debug('housekeeping waits for the streams', { error }));
    await clock.sleep(everyMs, signal).catch(() => {});
  }
}

class House {
  readonly #options: HousekeepingOptions;
  #checkpointAt: number;
  #checkpointEvents = 0;
  #agedAt = -Infinity;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#checkpointAt = options.clock.monotonic();
  }

  async round(): Promise<void> {
    const { census, takenAt } = await this.#options.figures.count();
    if (this.#options.signal.aborted) return;
    showCensus(this.#options.partition, census, takenAt);
    showFleet(this.#options.partition, this.#options.figures.observeFleet());
    showUpstreams(this.#options.partition, this.#options.driver.engine, census);
    await this.#measure();
    const journal = await streamState(this.#options.connection, journalStream(this.#options.partition));
    const pressed = journal.limits.bytes > 0 && journal.bytes > journal.limits.bytes * journalFull;
    if (pressed || this.#isCheckpointDue()) await this.#checkpoint();
    if (pressed) this.#trimJournal(journal.first + Math.floor((journal.last - journal.first) * letGo));
    else await this.#forgetOldHistory(journal);
  }

  /** Who does not own the partition has no say in it. */
  hide(): void {
    const { partition, driver } = this.#options;
    hidePartition(partition, driver.engine.lanes);
    hideUpstreams(partition, driver.engine);
  }

  async #measure(): Promise<void> {
    const { connection, partition, driver, figures, signal } = this.#options;
    let unread = 0;
    for (const lane of lanes) {
      const { bytes, last, limits } = await streamState(connection, mailStream(partition, lane));
      unread += Math.max(0, last - driver.engine.seen(lane));
      driver.tell({ kind: 'measured', lane, bytes, limitBytes: limits.bytes });
    }
    figures.unread = unread + (await this.#unreadInWait());
    if (!signal.aborted) metrics.unread.set({ partition }, figures.unread);
  }

  /** WAIT has holes: what lies behind the last entry that was read may be gone without ever being read. */
  async #unreadInWait(): Promise<number> {
    const { connection, partition, driver } = this.#options;
    const stream = waitStream(partition);
    const { last } = await streamState(connection, stream);
    const seen = driver.engine.seen('wait');
    if (last <= seen) return 0;
    const next = await findNext(connection, stream, seen + 1);
    if (next <= last) return last - next + 1;
    driver.tell({ kind: 'wait passed', upTo: last });
    return 0;
  }

  #isCheckpointDue(): boolean {
    const { clock, writer, checkpointEveryMs, checkpointEvents } = this.#options;
    const events = writer.appendedEvents - this.#checkpointEvents;
    return events >= checkpointEvents || (events > 0 && clock.monotonic() - this.#checkpointAt >= checkpointEveryMs);
  }

  async #checkpoint(): Promise<void> {
    const { checkpointer, clock, writer } = this.#options;
    this.#checkpointAt = clock.monotonic();
    this.#checkpointEvents = writer.appendedEvents;
    try {
      await checkpointer.make();
      metrics.checkpoints.inc();
    } catch (error) {
      this.#options.log.warn('a checkpoint could not be made; the next one is tried soon', { error });
      this.#checkpointAt = -Infinity;
    }
  }

  #trimJournal(upTo: number): void {
    const { checkpointer, partition, removals } = this.#options;
    const allowed = Math.min(upTo, checkpointer.dispensable);
    if (allowed > 0) removals.trim(journalStream(partition), allowed);
  }

  /** By halving: the journal's sequence at the age limit. By the server's clock alone, as ours may be set ahead: back from its newest entry. */
  async #forgetOldHistory(journal: StreamState): Promise<void> {
    const { clock, connection, partition, historyMs } = this.#options;
    if (clock.monotonic() - this.#agedAt < ageLookEveryMs) return;
    this.#agedAt = clock.monotonic();
    if (journal.last < journal.first) return;
    const newest = await readEntry(connection, journalStream(partition), journal.last);
    const oldest = newest.time - historyMs;
    let [low, high] = [journal.first, journal.last];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const { time } = await readEntry(connection, journalStream(partition), middle);
      if (time < oldest) low = middle + 1;
      else high = middle;
    }
    if (low > journal.first) this.#trimJournal(low - 1);
  }
}

/** The sequence of the first entry from `from` on; Infinity when there is none. */
async function findNext(connection: StreamConnection, stream: string, from: number): Promise<number> {
  try {
    return (await readNext(connection, stream, from)).sequence;
  } catch (error) {
    if (isStreamError(error, 'NOT_FOUND')) return Infinity;
    throw error;
  }
}
