import { deadStream, deadSubject, purgeSubject, removeChunks, removeEntry, trimLog, waitStream, type StreamConnection } from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';

/**
 * Logs are trimmed in bulk: one delete a mail costs a quarter of the throughput. Whole blocks of a log (mostly 8 MiB) go for next to nothing, but in the one that
 * stays nats-server looks at each entry that goes, so rare large trims cost less than frequent small ones: 8 us a mail for 300 at a time, 3 to 7 for 1,500.
 */
const trimEveryMs = 1_000;
const atOnce = 32;
const retryMs = 1_000;

export interface RemovalsOptions {
  readonly connection: StreamConnection;
  readonly partition: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Takes away what is finished and journalled: the bottoms of logs, single entries of WAIT and STATE, bodies. Tries until it is done. */
export class Removals {
  readonly #options: RemovalsOptions;
  readonly #marks = new Map<string, number>();
  #trimming = false;
  readonly #jobs: (() => Promise<void>)[] = [];
  readonly #outstanding = new Set<Promise<void>>();
  #running = 0;

  constructor(options: RemovalsOptions) {
    this.#options = options;
  }

  /** Everything up to this sequence can go. */
  trim(stream: string, upTo: number): void {
    this.#marks.set(stream, upTo);
    if (!this.#trimming) {
      this.#trimming = true;
      void this.#trimSoon();
    }
  }

  waiting(sequence: number): void {
    this.entry(waitStream(this.#options.partition), sequence);
  }

  entry(stream: string, sequence: number): void {
    this.#enqueue(() => removeEntry(this.#options.connection, stream, sequence));
  }

  /** Its entries in DEAD up to this sequence: of one that died again later the last stays. */
  dead(id: string, upTo: number): void {
    const { connection, partition } = this.#options;
    this.#enqueue(() => purgeSubject(connection, deadStream(partition), deadSubject(partition, id), upTo));
  }

  body(id: string): void {
    this.#enqueue(() => removeChunks(this.#options.connection, this.#options.partition, id));
  }

  /** Resolves when every single removal asked for so far is done: what a checkpoint must not forget. */
  async idle(): Promise<void> {
    await Promise.all(this.#outstanding);
  }

  async #trimSoon(): Promise<void> {
    const { clock, connection, signal } = this.#options;
    await clock.sleep(trimEveryMs, signal).catch(() => {});
    this.#trimming = false;
    if (signal.aborted) return;
    // A mark that is put back goes to the next round: in this one it would come up again at once, for ever.
    const marks = [...this.#marks];
    this.#marks.clear();
    for (const [stream, upTo] of marks) {
      await trimLog(connection, stream, upTo).catch((error: unknown) => this.#trimAgain(stream, upTo, error));
    }
  }

  #trimAgain(stream: string, upTo: number, error: unknown): void {
    this.#options.log.debug('a log could not be trimmed now', { stream, upTo, error });
    if (!this.#marks.has(stream)) this.trim(stream, upTo);
  }

  #enqueue(job: () => Promise<void>): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#outstanding.add(promise);
    this.#jobs.push(async () => {
      await this.#untilDone(job);
      this.#outstanding.delete(promise);
      resolve();
    });
    if (this.#running < atOnce) void this.#work();
  }

  async #work(): Promise<void> {
    this.#running += 1;
    for (let job = this.#jobs.shift(); job && !this.#options.signal.aborted; job = this.#jobs.shift()) await job();
    this.#running -= 1;
  }

  async #untilDone(job: () => Promise<void>): Promise<void> {
    const { clock, log, signal } = this.#options;
    while (!signal.aborted) {
      try {
        return await job();
      } catch (error) {
        log.debug('an entry could not be removed now', { error });
        await clock.sleep(retryMs, signal).catch(() => {});
      }
    }
  }
}
