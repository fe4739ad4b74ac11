import type { Lane } from '@posthaste/core';
import type { Clock, Log } from '@posthaste/telemetry';
import type { StreamConnection } from './connection.ts';
import { streamState, type StreamState } from './direct.ts';
import { bodiesStream, journalStream, laneOfStream, mailStreams, stateStream, waitStream } from './layout.ts';
import { defaultLimits } from './plan.ts';

export interface WatchFillOptions {
  /** How many. Default 1. */
  readonly partitions?: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly intervalMs?: number;
  /** The ticket limit: most mails in all logs and WAIT together; 1,000,000 by default. */
  readonly tickets?: number;
}

export interface FillWatch {
  /**
   * What of a partition is too full for new mail: the name of a stream at 90 % of its bytes or messages, or `TICKETS` for the ticket limit;
   * null when there is room. For a certain mail only what it needs counts, so that a full log of bulk does not turn urgent mail away.
   */
  blocked(partition: number, mail?: { readonly lane: Lane; readonly chunked: boolean }): string | null;
  /** How full the fullest of them is, 0 to 1. */
  readonly ratio: number;
  close(): void;
}

const fullFrom = 0.9;

/** Looks at the streams now and then. What is inside needs room to finish, so the doors push back before a stream is full. */
export function watchFill(connection: StreamConnection, options: WatchFillOptions): FillWatch {
  const watch = new StreamFillWatch(connection, options);
  void watch.run();
  return watch;
}

class StreamFillWatch implements FillWatch {
  private readonly connection: StreamConnection;
  private readonly options: WatchFillOptions;
  private readonly closing = new AbortController();
  private readonly full: ReadonlySet<string>[];
  ratio = 0;

  constructor(connection: StreamConnection, options: WatchFillOptions) {
    this.connection = connection;
    this.options = options;
    this.full = Array.from({ length: options.partitions ?? 1 }, () => new Set());
  }

  blocked(partition: number, mail?: { readonly lane: Lane; readonly chunked: boolean }): string | null {
    for (const name of this.full[partition] ?? []) if (!mail || isNeeded(name, mail)) return name;
    return null;
  }

  close(): void {
    this.closing.abort();
  }

  async run(): Promise<void> {
    const { clock, intervalMs = 1_000 } = this.options;
    const { signal } = this.closing;
    while (!signal.aborted) {
      if (this.connection.connected)
        await this.look().catch((error: unknown) => this.options.log.debug('the streams could not be looked at', { error }));
      await clock.sleep(intervalMs, signal).catch(() => {});
    }
  }

  private async look(): Promise<void> {
    const bodies = await streamState(this.connection, bodiesStream);
    const ratios = await Promise.all(this.full.map((_, partition) => this.lookAt(partition, bodies)));
    this.ratio = Math.max(...ratios);
  }

  private async lookAt(partition: number, bodies: StreamState): Promise<number> {
    const { tickets = defaultLimits.tickets } = this.options;
    const names = [...mailStreams(partition), waitStream(partition), stateStream(partition), journalStream(partition)];
    const states = await Promise.all(names.map((name) => streamState(this.connection, name)));
    const full = [...names, bodiesStream].filter((_, index) => isNearlyFull(states[index] ?? bodies));
    const held = states.slice(0, mailStreams(partition).length + 1).reduce((sum, { messages }) => sum + messages, 0);
    this.note(partition, new Set(held >= tickets ? [...full, 'TICKETS'] : full));
    return Math.max(held / tickets, ratioOf(bodies), ...states.map(ratioOf));
  }

  private note(partition: number, full: ReadonlySet<string>): void {
    const before = this.full[partition] ?? new Set();
    const began = [...full].filter((name) => !before.has(name));
    const ended = [...before].filter((name) => !full.has(name));
    if (began.length > 0) this.options.log.warn('streams are nearly full; the doors push back', { partition, streams: began });
    if (ended.length > 0) this.options.log.info('streams have room again', { partition, streams: ended });
    this.full[partition] = full;
  }
}

const isNearlyFull = (state: StreamState) => ratioOf(state) >= fullFrom;
const ratioOf = ({ bytes, messages, limits }: StreamState) => Math.max(shareOf(bytes, limits.bytes), shareOf(messages, limits.messages));
const shareOf = (used: number, limit: number) => (limit > 0 ? used / limit : 0);

function isNeeded(stream: string, mail: { readonly lane: Lane; readonly chunked: boolean }): boolean {
  if (stream === bodiesStream) return mail.chunked;
  const lane = laneOfStream(stream);
  return lane === undefined || lane === mail.lane;
}
