import type { Clock } from '@posthaste/telemetry';
import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server';
import type { SMTPConnection } from 'smtp-server/lib/smtp-connection';
import type { Listener } from './listener.ts';
import { refusalsTotal } from './metrics.ts';
import { refusal, type NegativeReply } from './reply.ts';

/**
 * talking: it is the client's turn to send a command; since then, or since its last command if that came later.
 * receiving: the client is sending a message, and we may have made it wait in between.
 * answering: it is our turn, and we take our time.
 */
type Turn =
  | { readonly kind: 'talking'; readonly since: number }
  | { readonly kind: 'receiving'; readonly since: number; readonly stream: SMTPServerDataStream; heldMs: number }
  | { readonly kind: 'answering' };

export interface WatchdogOptions {
  readonly clock: Clock;
  /** For a whole command. */
  readonly idleTimeoutMs: number;
  /** For a whole message. */
  readonly dataTimeoutMs: number;
  /** For a whole TLS handshake. */
  readonly handshakeTimeoutMs: number;
  /** What a message must come in with, on average. */
  readonly minBytesPerSecond: number;
  readonly intervalMs: number;
}

/** A message may begin as slowly as it likes. */
const slowStartMs = 60_000;

/**
 * Ends connections whose client takes too long. smtp-server's own timeout begins anew with each byte, so that a client that sends one
 * byte a minute would keep its place for ever.
 */
export class Watchdog {
  readonly #turns = new WeakMap<SMTPServerSession, Turn>();
  readonly #options: WatchdogOptions;
  readonly #closing = new AbortController();

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  talks(session: SMTPServerSession): void {
    this.#turns.set(session, { kind: 'talking', since: this.#options.clock.monotonic() });
  }

  receives(session: SMTPServerSession, stream: SMTPServerDataStream): void {
    this.#turns.set(session, { kind: 'receiving', since: this.#options.clock.monotonic(), stream, heldMs: 0 });
  }

  answers(session: SMTPServerSession): void {
    this.#turns.set(session, { kind: 'answering' });
  }

  async watch(listener: Listener): Promise<void> {
    const { clock, intervalMs, handshakeTimeoutMs } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      refusalsTotal.labels('HANDSHAKE_TIMEOUT').inc(listener.endHandshakesOver(handshakeTimeoutMs));
      for (const connection of listener.connections) {
        const reply = this.#lateness(connection);
        if (reply) dismiss(connection, reply);
      }
      await clock.sleep(intervalMs, signal).catch(() => {});
    }
  }

  close(): void {
    this.#closing.abort();
  }

  #lateness({ session, lastCommandAt, _upgrading: inHandshake }: SMTPConnection): NegativeReply | undefined {
    const { clock, idleTimeoutMs, handshakeTimeoutMs } = this.#options;
    const turn = this.#turns.get(session);
    const now = clock.monotonic();
    switch (turn?.kind) {
      case 'receiving':
        return this.#slowness(turn, now - turn.since);
      case 'answering':
        return undefined;
      case 'talking':
      case undefined: {
        const waitedMs = now - Math.max(turn?.since ?? 0, lastCommandAt);
        if (inHandshake) return waitedMs > handshakeTimeoutMs ? refusal('HANDSHAKE_TIMEOUT', 'TLS handshake timeout') : undefined;
        return waitedMs > idleTimeoutMs ? refusal('COMMAND_TIMEOUT', 'timeout, closing the connection') : undefined;
      }
    }
  }

  /** While we make the client wait, the rate is ours. */
  #slowness(turn: Turn & { kind: 'receiving' }, tookMs: number): NegativeReply | undefined {
    const { dataTimeoutMs, minBytesPerSecond, intervalMs } = this.#options;
    if (tookMs > dataTimeoutMs) return refusal('DATA_TIMEOUT', 'timeout, closing the connection');
    if (turn.stream.isPaused()) turn.heldMs += intervalMs;
    const expectedBytes = (minBytesPerSecond * (tookMs - turn.heldMs - slowStartMs)) / 1000;
    const came = turn.stream.byteLength ?? 0;
    return came < expectedBytes ? refusal('DATA_TOO_SLOW', 'the message comes too slowly, closing the connection') : undefined;
  }
}

/** Says the reply out of turn, and counts it. */
export function dismiss(connection: SMTPConnection, reply: NegativeReply): void {
  if (reply.reason) refusalsTotal.labels(reply.reason).inc();
  connection.send(reply.responseCode, reply.message);
}
