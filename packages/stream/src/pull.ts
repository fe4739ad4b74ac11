import { createInbox, type Msg } from '@nats-io/transport-node';
import { callServer } from './api.ts';
import type { StreamConnection } from './connection.ts';
import { deliveredEntry, readDelivery, type StreamEntry } from './entry.ts';

export interface PullOptions {
  readonly stream: string;
  /** First sequence wanted. */
  readonly from: number;
  readonly filter?: string | undefined;
  readonly headersOnly: boolean;
  readonly signal: AbortSignal;
}

/** How many entries may be on their way or waiting to be taken. */
const windowEntries = { headersOnly: 2_000, whole: 400 };
/** Bounds what a slow taker makes this program hold, together with the window. */
const pullBytes = 8 * 1024 * 1024;
const pullExpiresMs = 10_000;
const heartbeatMs = 500;
/** Four heartbeats missing: the consumer or the way to it is gone. */
const silenceMs = 2_000;
const nanoseconds = 1_000_000;

const ascii = new TextEncoder();

/**
 * One consumer of a stream from its creation to the first trouble. The consumer acknowledges nothing and lies in the server's
 * memory; whatever goes wrong (a cut, a lost delivery, a new leader, silence) ends the pull, and the reader starts a new one.
 * So that nothing stalls between two requests, the next is sent when half of the window is used up.
 */
export class Pull {
  /** Why it is over. */
  ended: string | undefined;
  private readonly connection: StreamConnection;
  private readonly options: PullOptions;
  private readonly consumer = createInbox().replace('_INBOX.', 'reader_');
  private readonly inbox = createInbox();
  private readonly window: number;
  private readonly stops: (() => void)[] = [];
  private readonly watching = new AbortController();
  private arrived: StreamEntry[] = [];
  private wake: () => void = () => {};
  /** Entries that were asked for and have not come. */
  private credit = 0;
  private lastDelivery = 0;
  private heardAt: number;
  /** Matching entries that the consumer has yet to send, as far as it has said. */
  private pending = Number.POSITIVE_INFINITY;

  constructor(connection: StreamConnection, options: PullOptions) {
    this.connection = connection;
    this.options = options;
    this.window = options.headersOnly ? windowEntries.headersOnly : windowEntries.whole;
    this.heardAt = connection.clock.monotonic();
  }

  /** Creates the consumer and asks for the first entries. */
  async open(): Promise<void> {
    const { connection, options } = this;
    const stop = () => this.end('stopped');
    options.signal.addEventListener('abort', stop, { once: true });
    const subscription = connection.subscribe(this.inbox, (message) => this.take(message));
    this.stops.push(
      connection.onCut(() => this.end('cut')),
      () => options.signal.removeEventListener('abort', stop),
      () => subscription.unsubscribe(),
    );
    const { num_pending } = await this.createConsumer();
    this.pending = num_pending;
    this.ask();
    void this.watch();
  }

  /** All that has arrived since the last call, as soon as there is something; an empty list when the pull is over. */
  async next(): Promise<readonly StreamEntry[]> {
    while (this.arrived.length === 0 && this.ended === undefined) await new Promise<void>((resolve) => (this.wake = resolve));
    const entries = this.arrived;
    this.arrived = [];
    this.ask();
    return entries;
  }

  /** True when everything that the consumer had to send has been taken. */
  get exhausted(): boolean {
    return this.pending === 0 && this.arrived.length === 0;
  }

  close(): void {
    this.end('closed');
    for (const stop of this.stops) stop();
    this.watching.abort();
    if (this.connection.connected) this.connection.tell(`$JS.API.CONSUMER.DELETE.${this.options.stream}.${this.consumer}`, new Uint8Array(0));
  }

  private createConsumer(): Promise<{ num_pending: number }> {
    const { stream, from, filter, headersOnly } = this.options;
    const config = {
      name: this.consumer,
      deliver_policy: 'by_start_sequence',
      opt_start_seq: Math.max(1, from),
      ack_policy: 'none',
      replay_policy: 'instant',
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: 30_000 * nanoseconds,
      headers_only: headersOnly,
      ...(filter === undefined ? {} : { filter_subject: filter }),
    };
    const call = `CONSUMER.CREATE.${stream}.${this.consumer}${filter === undefined ? '' : `.${filter}`}`;
    return callServer(this.connection, call, { stream_name: stream, config, action: 'create' });
  }

  private ask(): void {
    const room = this.window - this.credit - this.arrived.length;
    if (this.ended !== undefined || room < this.window / 2) return;
    this.credit += room;
    this.heardAt = this.connection.clock.monotonic();
    const request = {
      batch: room,
      // A message above this would never be sent.
      max_bytes: Math.max(pullBytes, 2 * this.connection.maxPayload),
      expires: pullExpiresMs * nanoseconds,
      idle_heartbeat: heartbeatMs * nanoseconds,
    };
    const call = `$JS.API.CONSUMER.MSG.NEXT.${this.options.stream}.${this.consumer}`;
    this.connection.tell(call, ascii.encode(JSON.stringify(request)), { reply: this.inbox });
  }

  private take(message: Msg): void {
    if (this.ended !== undefined) return;
    this.heardAt = this.connection.clock.monotonic();
    if (message.reply?.startsWith('$JS.ACK.')) this.takeEntry(message);
    else this.takeStatus(message);
  }

  private takeEntry(message: Msg): void {
    const delivery = readDelivery(message.reply ?? '');
    if (delivery.consumer !== this.lastDelivery + 1) return this.end('deliveries were lost');
    this.lastDelivery = delivery.consumer;
    this.pending = delivery.pending;
    this.credit -= 1;
    this.arrived.push(deliveredEntry(message, delivery));
    this.wake();
    this.ask();
  }

  /** 100 is a heartbeat; a request that ends before it was used up says how much of it is left; all else is trouble. */
  private takeStatus(message: Msg): void {
    const { headers } = message;
    if (headers?.code === 100) return;
    const left = headers?.get('Nats-Pending-Messages') ?? '';
    const requestOver = headers?.code === 408 || (headers?.code === 409 && /max ?bytes/i.test(headers.description));
    if (!requestOver || left === '') return this.end(headers?.status ?? 'an unknown status');
    this.credit -= Number(left);
    this.ask();
  }

  private async watch(): Promise<void> {
    const { clock } = this.connection;
    while (this.ended === undefined) {
      await clock.sleep(heartbeatMs, this.watching.signal).catch(() => {});
      if (this.credit > 0 && clock.monotonic() - this.heardAt > silenceMs) this.end('silence');
    }
  }

  private end(why: string): void {
    this.ended ??= why;
    this.watching.abort();
    this.wake();
  }
}
