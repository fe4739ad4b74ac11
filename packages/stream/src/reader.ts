import type { StreamConnection } from './connection.ts';
import type { StreamEntry } from './entry.ts';
import { isStreamError } from './errors.ts';
import { Pull } from './pull.ts';

export interface ReadOptions {
  readonly stream: string;
  /** First sequence wanted. When it is gone already, reading starts at the first entry above it. */
  readonly from: number;
  /** A subject, wildcards allowed; everything when absent. Never together with `dense`. */
  readonly filter?: string;
  /** Leaves the bodies where they are. */
  readonly headersOnly?: boolean;
  /** The stream is a log without holes: a jump in its sequence is read again, and if it stays reported to `onGap`. */
  readonly dense: boolean;
  /** Entries `from` to `to` (inclusive) of a dense log are not there. */
  readonly onGap?: (from: number, to: number) => void;
  readonly signal: AbortSignal;
}

type Entries = readonly StreamEntry[];

/**
 * Every entry from `from` on, for ever, in order, each once, in lists as they arrive. Cut connections, lost deliveries and
 * restarts of the server are overcome: reading goes on behind the last entry given. Ends when the signal is aborted, and throws
 * when the connection is closed by this program.
 */
export function readStream(connection: StreamConnection, options: ReadOptions): AsyncIterable<Entries> {
  return read(connection, options, Number.POSITIVE_INFINITY);
}

/** The same up to the sequence `to`, which the stream must have reached already; ends also when `to` itself is not there. */
export function readUntil(connection: StreamConnection, options: ReadOptions & { readonly to: number }): AsyncIterable<Entries> {
  return read(connection, options, options.to);
}

async function* read(connection: StreamConnection, options: ReadOptions, to: number): AsyncGenerator<Entries> {
  const position = new Position(connection, options);
  const backoff = new Backoff(connection);
  while (!options.signal.aborted && position.next <= to) {
    const pull = new Pull(connection, { ...options, headersOnly: options.headersOnly ?? false, from: position.next });
    try {
      await connection.whenConnected(options.signal);
      await pull.open();
      while (position.next <= to) {
        if (pull.exhausted && to !== Number.POSITIVE_INFINITY) return;
        const arrived = await pull.next();
        if (arrived.length === 0) break;
        backoff.reset();
        const entries = position.admit(arrived);
        if (entries.length > 0) yield withinLimit(entries, to);
        if (entries.length < arrived.length) break;
      }
    } catch (error) {
      if (options.signal.aborted) return;
      if (connection.closed || !isStreamError(error) || error.code === 'BROKEN') throw error;
      backoff.failed(options.stream, error);
    } finally {
      pull.close();
    }
    await backoff.wait(options.signal);
  }
}

const withinLimit = (entries: Entries, to: number): Entries =>
  (entries.at(-1)?.sequence ?? 0) <= to ? entries : entries.filter((entry) => entry.sequence <= to);

/** Where the reading stands, and which jump was met there before. */
class Position {
  next: number;
  private readonly connection: StreamConnection;
  private readonly options: ReadOptions;
  /** Holes below the first entry ever read are what was trimmed before. */
  private started = false;
  private suspect = 0;

  constructor(connection: StreamConnection, options: ReadOptions) {
    this.connection = connection;
    this.options = options;
    this.next = Math.max(1, options.from);
  }

  /** The leading part of what arrived that may be given on; shorter than what arrived when a jump has to be read again. */
  admit(arrived: Entries): Entries {
    for (const [index, { sequence }] of arrived.entries()) {
      if (this.options.dense && this.started && sequence !== this.next && !this.confirmGap(sequence)) return arrived.slice(0, index);
      this.started = true;
      this.next = sequence + 1;
    }
    return arrived;
  }

  /** A jump is believed when it shows a second time, from a consumer that was created at its edge. */
  private confirmGap(sequence: number): boolean {
    if (this.suspect !== this.next) {
      this.suspect = this.next;
      return false;
    }
    this.connection.log.warn('entries are missing in a log', { stream: this.options.stream, from: this.next, to: sequence - 1 });
    this.options.onGap?.(this.next, sequence - 1);
    return true;
  }
}

/** A new consumer at once after progress; else ever later, up to a second. */
class Backoff {
  private readonly connection: StreamConnection;
  private waitMs = 0;
  private told = false;

  constructor(connection: StreamConnection) {
    this.connection = connection;
  }

  reset(): void {
    this.waitMs = 0;
    this.told = false;
  }

  failed(stream: string, error: Error): void {
    if (!this.told) this.connection.log.warn('a stream cannot be read now; trying on', { stream, error });
    this.told = true;
  }

  async wait(signal: AbortSignal): Promise<void> {
    const waitMs = this.waitMs;
    this.waitMs = Math.min(1_000, Math.max(25, waitMs * 2));
    if (waitMs > 0) await this.connection.clock.sleep(waitMs, signal).catch(() => {});
  }
}
