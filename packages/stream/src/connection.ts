import { connect, Empty, type Msg, type NatsConnection, type Status, type Subscription } from '@nats-io/transport-node';
import type { Clock, Log } from '@posthaste/telemetry';
import { Answers } from './answers.ts';
import { StreamError } from './errors.ts';
import { encodeHeaders, type Headers } from './headers.ts';

export interface ConnectOptions {
  /** One or more addresses, comma separated: `nats://user:password@host:4222`. */
  readonly url: string;
  /** The program's name, as the server's monitoring shows it. */
  readonly name: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Gives up waiting for the first connection when it is aborted: rejects with its reason. */
  readonly signal?: AbortSignal;
}

export interface AskOptions {
  readonly headers?: Headers;
  /** How long the answer may take; 5,000 by default. */
  readonly timeoutMs?: number;
}

/** The one connection of a program. It reconnects for ever; what to do about a cut is for each user of it to know. */
export interface StreamConnection {
  readonly connected: boolean;
  /** True for ever after `close`. */
  readonly closed: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** The largest message the server takes, headers included, in bytes. */
  readonly maxPayload: number;
  /** Resolves while connected; rejects with the signal's reason, or with AWAY after `close`. */
  whenConnected(signal?: AbortSignal): Promise<void>;
  /** Calls back at every cut; returns how to stop that. */
  onCut(listener: () => void): () => void;
  /**
   * One request, one answer. Rejects with AWAY at once when not connected, when the connection is cut meanwhile, when nobody
   * listens and when no answer comes in time; with TOO_LARGE above `maxPayload`.
   */
  ask(subject: string, body?: Uint8Array, options?: AskOptions): Promise<Msg>;
  /** Sends without an answer; lost without a word when the connection is cut. */
  tell(subject: string, body: Uint8Array, options?: { readonly headers?: Headers; readonly reply?: string }): void;
  subscribe(subject: string, listener: (message: Msg) => void): Subscription;
  close(): Promise<void>;
}

/** A silent peer is given up after two pings without an answer. */
const pingIntervalMs = 1_000;

/** The client writes so much at once of what one turn brings, 32 KiB by default: a large batch is many writes then, and as many awakenings of the server. */
const writing = { pendingLimit: 128 * 1024 };

/** Waits for the first connection, then reconnects for ever. */
export async function connectStream(options: ConnectOptions): Promise<StreamConnection> {
  const waiting = new AbortController();
  void warnWhileAway(options, waiting.signal);
  const connecting = connect({
    ...parseServers(options.url),
    name: options.name,
    reconnect: true,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    reconnectJitter: 100,
    ignoreAuthErrorAbort: true,
    timeout: 3_000,
    pingInterval: pingIntervalMs,
    maxPingOut: 2,
    noAsyncTraces: true,
    ...writing,
  });
  try {
    return new Connection(await unlessAborted(connecting, options.signal), options);
  } finally {
    waiting.abort();
  }
}

/** The client's first attempt cannot be called off: a connection that comes after all is closed. */
async function unlessAborted(connecting: Promise<NatsConnection>, signal: AbortSignal | undefined): Promise<NatsConnection> {
  if (!signal) return connecting;
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([connecting, promise]);
  } catch (error) {
    connecting.then((late) => late.close()).catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

async function warnWhileAway({ clock, log, url }: ConnectOptions, signal: AbortSignal): Promise<void> {
  const servers = parseServers(url).servers.join(', ');
  for (let waitMs = 2_000; !signal.aborted; waitMs = 30_000) {
    await clock.sleep(waitMs, signal).catch(() => {});
    if (!signal.aborted) log.warn('NATS cannot be reached yet; trying on. Check that it runs and that nats.url is right', { servers });
  }
}

interface Servers {
  readonly servers: string[];
  readonly user?: string;
  readonly pass?: string;
}

/** The client takes credentials apart from the address. */
function parseServers(url: string): Servers {
  const addresses = url.split(',').map((address) => new URL(address.includes('://') ? address.trim() : `nats://${address.trim()}`));
  const { username, password } = addresses[0] ?? { username: '', password: '' };
  return {
    servers: addresses.map(({ protocol, host }) => `${protocol}//${host}`),
    ...(username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
  };
}

type Link = { readonly kind: 'up' } | { readonly kind: 'cut'; readonly restored: PromiseWithResolvers<void> } | { readonly kind: 'closed' };

class Connection implements StreamConnection {
  readonly clock: Clock;
  readonly log: Log;
  private readonly nats: NatsConnection;
  private readonly answers: Answers;
  private readonly cutListeners = new Set<() => void>();
  private readonly following: Promise<void>;
  private link: Link = { kind: 'up' };

  constructor(nats: NatsConnection, options: ConnectOptions) {
    this.nats = nats;
    this.clock = options.clock;
    this.log = options.log;
    this.answers = new Answers(nats, options.clock);
    this.following = this.follow();
  }

  get connected(): boolean {
    return this.link.kind === 'up';
  }

  get closed(): boolean {
    return this.link.kind === 'closed';
  }

  get maxPayload(): number {
    return this.nats.info?.max_payload ?? 1024 * 1024;
  }

  async whenConnected(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.link.kind === 'up') return;
    if (this.link.kind === 'closed') throw closedError();
    const restored = this.link.restored.promise;
    await (signal ? orAborted(restored, signal) : restored);
    return this.whenConnected(signal);
  }

  onCut(listener: () => void): () => void {
    this.cutListeners.add(listener);
    return () => this.cutListeners.delete(listener);
  }

  ask(subject: string, body: Uint8Array = Empty, options: AskOptions = {}): Promise<Msg> {
    if (this.link.kind !== 'up') return Promise.reject(new StreamError('AWAY', `not connected to NATS: ${subject} was not sent`));
    return this.answers.ask(subject, body, options.headers, options.timeoutMs ?? 5_000);
  }

  tell(subject: string, body: Uint8Array, options: { readonly headers?: Headers; readonly reply?: string } = {}): void {
    if (this.link.kind === 'closed') throw closedError();
    this.nats.publish(subject, body, {
      ...(options.reply === undefined ? {} : { reply: options.reply }),
      ...(options.headers === undefined ? {} : { headers: encodeHeaders(options.headers) }),
    });
  }

  subscribe(subject: string, listener: (message: Msg) => void): Subscription {
    if (this.link.kind === 'closed') throw closedError();
    return this.nats.subscribe(subject, {
      callback: (error, message) => {
        if (error) this.log.warn('a subscription was refused', { subject, error });
        else listener(message);
      },
    });
  }

  async close(): Promise<void> {
    if (this.link.kind === 'up') await this.nats.flush().catch(() => {});
    // Before the client is: to use it after that throws.
    this.end();
    await this.nats.close();
    await this.following;
  }

  private async follow(): Promise<void> {
    for await (const status of this.nats.status()) this.take(status);
    this.end();
  }

  private take(status: Status): void {
    switch (status.type) {
      case 'staleConnection':
        breakSocket(this.nats);
        return this.cut(status.type);
      case 'disconnect':
        return this.cut(status.type);
      case 'reconnect':
        return this.restore();
      case 'error':
        return this.log.warn('NATS reported an error', { error: status.error });
      default:
    }
  }

  private cut(how: string): void {
    if (this.link.kind !== 'up') return;
    const restored = Promise.withResolvers<void>();
    restored.promise.catch(() => {});
    this.link = { kind: 'cut', restored };
    this.log.warn('the connection to NATS was cut', { how });
    this.answers.abandon('the connection to NATS was cut before the answer came');
    for (const listener of this.cutListeners) listener();
  }

  private restore(): void {
    if (this.link.kind !== 'cut') return;
    const { restored } = this.link;
    this.link = { kind: 'up' };
    this.log.info('connected to NATS again');
    restored.resolve();
  }

  private end(): void {
    const before = this.link;
    if (before.kind === 'closed') return;
    this.link = { kind: 'closed' };
    this.answers.close();
    if (before.kind === 'cut') before.restored.reject(closedError());
    for (const listener of this.cutListeners) listener();
  }
}

/**
 * The client leaves a silent connection only when its socket has taken all that was written, and that a dead peer never lets
 * happen: it would hang until TCP gives up, minutes later. The socket has no public name.
 */
function breakSocket(nats: NatsConnection): void {
  const { protocol } = nats as { protocol?: { transport?: { socket?: { destroy(): void } } } };
  protocol?.transport?.socket?.destroy();
}

const closedError = () => new StreamError('AWAY', 'the connection to NATS has been closed by this program');

function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
