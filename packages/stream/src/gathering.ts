import type { Clock, Log } from '@posthaste/telemetry';
import type { StreamConnection } from './connection.ts';
import { isStreamError, StreamError } from './errors.ts';
import { publishBatch, publishOne } from './flight.ts';
import type { Publication, Stored } from './publisher.ts';

/** A publication that is not settled yet. */
export interface Waiting {
  readonly publication: Publication;
  readonly bytes: number;
  /** When it is given up, on the monotonic clock. */
  readonly deadline: number;
  /** Its acknowledgement was lost once: from then on it goes alone, because a batch with a stored id in it would be refused as a whole. */
  sentBefore: boolean;
  readonly resolve: (stored: Stored) => void;
  readonly reject: (error: unknown) => void;
}

export interface GatheringOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly mode: 'durable' | 'fast';
}

/** Fewer than this go as plain publishes side by side: small atomic batches cost more than they save. */
const smallestBatch = 16;
const largestBatch = 100;
const largestBatchBytes = 4 * 1024 * 1024;
const retryPauseMs = 100;

/**
 * What waits to be published to one stream. In durable mode one flight is on its way while the next one gathers, so that one
 * fsync serves many; in fast mode each leaves at the end of its turn. Nothing is sent while the connection is cut; what was on its way at a
 * cut comes back to the front.
 */
export class Gathering {
  private readonly connection: StreamConnection;
  private readonly options: GatheringOptions;
  private readonly stream: string;
  private waiting: Waiting[] = [];
  private readonly turn: Waiting[] = [];
  private running = false;

  constructor(connection: StreamConnection, options: GatheringOptions, stream: string) {
    this.connection = connection;
    this.options = options;
    this.stream = stream;
  }

  add(waiting: Waiting): void {
    if (this.options.mode === 'fast' && this.connection.connected && !this.running) return this.flyThisTurn(waiting);
    this.waiting.push(waiting);
    if (!this.running) void this.run();
  }

  /** What one turn of the event loop brings is handed to the client at once: it then writes it as a whole, at a fifth less work a message. */
  private flyThisTurn(waiting: Waiting): void {
    this.turn.push(waiting);
    if (this.turn.length > 1) return;
    setImmediate(() => {
      for (const each of this.turn.splice(0)) void this.flyAlone(each);
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) {
      if (!this.connection.connected) await this.sitOut();
      else if (await this.fly(this.takeFlight())) await this.pause();
      this.expire();
    }
    this.running = false;
  }

  /** Waits for the connection, but no longer than the first one to be given up can wait. */
  private async sitOut(): Promise<void> {
    const over = new AbortController();
    const earliest = Math.min(...this.waiting.map(({ deadline }) => deadline));
    const leftMs = Math.max(1, earliest - this.options.clock.monotonic());
    const restored = this.connection.whenConnected(over.signal);
    const late = this.options.clock.sleep(leftMs, over.signal);
    await Promise.race([restored, late]).catch(() => this.pause());
    over.abort();
    await Promise.allSettled([restored, late]);
  }

  private pause(): Promise<void> {
    return this.options.clock.sleep(retryPauseMs);
  }

  private expire(): void {
    const now = this.options.clock.monotonic();
    const isOver = ({ deadline }: Waiting) => deadline <= now;
    if (!this.waiting.some(isOver)) return;
    const over = this.waiting.filter(isOver);
    this.waiting = this.waiting.filter((waiting) => !isOver(waiting));
    for (const { reject } of over) reject(new StreamError('AWAY', `${this.stream}: NATS did not acknowledge in time`));
  }

  private takeFlight(): readonly Waiting[] {
    const repeated = this.waiting[0]?.sentBefore;
    let bytes = 0;
    const end = this.waiting.findIndex((waiting, index) => {
      bytes += waiting.bytes;
      return index > 0 && (index >= largestBatch || bytes > largestBatchBytes || waiting.sentBefore !== repeated);
    });
    return this.waiting.splice(0, end === -1 ? this.waiting.length : end);
  }

  /** Resolves when the flight is over: to true when some of it came back. */
  private async fly(flight: readonly Waiting[]): Promise<boolean> {
    const together = this.options.mode === 'durable' && flight.length >= smallestBatch && !flight[0]?.sentBefore;
    if (together && (await this.flyTogether(flight))) return false;
    const cameBack = await Promise.all(flight.map((waiting) => this.flyAlone(waiting)));
    return cameBack.includes(true);
  }

  /** True when the batch was stored; when not, each is to go alone, so that each learns its own fate. */
  private async flyTogether(flight: readonly Waiting[]): Promise<boolean> {
    try {
      const stored = await publishBatch(
        this.connection,
        flight.map(({ publication }) => publication),
      );
      flight.forEach((waiting, index) => waiting.resolve(stored[index]!));
      return true;
    } catch (error) {
      this.options.log.debug('a batch was not stored as a whole; its entries go one by one', { stream: this.stream, error });
      for (const waiting of flight) waiting.sentBefore = true;
      return false;
    }
  }

  /** True when it came back, to be tried again. */
  private async flyAlone(waiting: Waiting): Promise<boolean> {
    try {
      waiting.resolve(await publishOne(this.connection, waiting.publication));
      return false;
    } catch (error) {
      if (!isStreamError(error, 'AWAY')) return (waiting.reject(error), false);
    }
    waiting.sentBefore = true;
    this.comeBack(waiting);
    return true;
  }

  private comeBack(waiting: Waiting): void {
    this.waiting.unshift(waiting);
    if (!this.running) void this.run();
  }
}
