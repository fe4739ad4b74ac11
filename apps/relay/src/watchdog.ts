import type { Clock } from '@posthaste/telemetry';
import type { SMTPServer, SMTPServerSession } from 'smtp-server';

/**
 * talking: it is the client's turn to send a command; since then, or since its last command if that came later.
 * receiving: the client is sending a message.
 * answering: it is our turn, and we take our time.
 */
type Turn =
  | { readonly kind: 'talking'; readonly since: number }
  | { readonly kind: 'receiving'; readonly since: number }
  | { readonly kind: 'answering' };

export interface WatchdogOptions {
  readonly clock: Clock;
  /** For a whole command. */
  readonly idleTimeoutMs: number;
  /** For a whole message. */
  readonly dataTimeoutMs: number;
  readonly intervalMs?: number;
}

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

  receives(session: SMTPServerSession): void {
    this.#turns.set(session, { kind: 'receiving', since: this.#options.clock.monotonic() });
  }

  answers(session: SMTPServerSession): void {
    this.#turns.set(session, { kind: 'answering' });
  }

  async watch(smtp: SMTPServer): Promise<void> {
    const { clock, intervalMs = 1000 } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      for (const connection of smtp.connections) {
        if (this.#isLate(connection.session, connection.lastCommandAt)) connection.send(421, '4.4.2 timeout, closing the connection');
      }
      await clock.sleep(intervalMs, signal).catch(() => {});
    }
  }

  close(): void {
    this.#closing.abort();
  }

  #isLate(session: SMTPServerSession, lastCommandAt: number): boolean {
    const { clock, idleTimeoutMs, dataTimeoutMs } = this.#options;
    const turn = this.#turns.get(session);
    const now = clock.monotonic();
    switch (turn?.kind) {
      case 'receiving':
        return now - turn.since > dataTimeoutMs;
      case 'answering':
        return false;
      case 'talking':
      case undefined:
        return now - Math.max(turn?.since ?? 0, lastCommandAt) > idleTimeoutMs;
    }
  }
}
