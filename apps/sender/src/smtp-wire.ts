import type { Socket } from 'node:net';
import type { Reply } from '@posthaste/core';
import type { Clock } from '@posthaste/telemetry';
import { ReplyReader } from './smtp-reply.ts';

/**
 * What a reply means depends on where the dialogue is:
 * - `idle`: none is due. Whatever comes ends the session (421 of an upstream that goes away, RFC 5321, 3.8).
 * - `envelope`: commands were written, their replies are due in order.
 * - `body`: 354 has come, the final dot is not written. A refusal here is early, but final.
 * - `final`: the last bytes were handed over, wholly or in part; one reply is due.
 */
export type Phase = 'idle' | 'envelope' | 'body' | 'final';

/** The connection is gone, or is of no more use. `reply` is what the upstream said last, if it said why. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  readonly reply: Reply | undefined;

  constructor(sentence: string, reply?: Reply) {
    super(sentence);
    this.reply = reply;
  }
}

/** We ended it, for a reason that has nothing to do with the upstream. */
export class ConnectionEnded extends ConnectionLost {}

/** The upstream said nothing for as long as one waits. */
export class UpstreamSilent extends ConnectionLost {}

/** How long an upstream may say nothing. */
interface Patience {
  readonly replyMs: number;
  /** RFC 5321, 4.5.3.2.6: whoever gives up waiting for the reply to the final dot makes duplicates, so that wait is longer than any other. */
  readonly finalMs: number;
}

/** How long an upstream may take to close its side after QUIT. */
const quitPatienceMs = 5_000;

/** One connection to an upstream: commands out, replies in, in order. */
export class SmtpWire {
  phase: Phase = 'idle';
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #patience: Patience;
  readonly #reader = new ReplyReader();
  readonly #replies: Reply[] = [];
  #waiting: { resolve(reply: Reply): void; reject(lost: ConnectionLost): void } | undefined;
  #lost: ConnectionLost | undefined;
  #progressAt: number;
  #onLost: (lost: ConnectionLost) => void = () => {};

  constructor(socket: Socket, options: Patience & { readonly clock: Clock }) {
    this.#socket = socket;
    this.#clock = options.clock;
    this.#patience = options;
    this.#progressAt = options.clock.monotonic();
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.end(new ConnectionLost(`the connection failed: ${error.message}`)));
    socket.on('end', () => this.end(new ConnectionLost('the upstream closed the connection')));
    socket.on('close', () => this.end(new ConnectionLost('the connection was closed')));
  }

  get lost(): ConnectionLost | undefined {
    return this.#lost;
  }

  /** Called once, when the connection has become useless for whatever reason. */
  onLost(listener: (lost: ConnectionLost) => void): void {
    this.#onLost = listener;
  }

  /** Commands leave in one segment (RFC 2920). */
  say(...commands: readonly string[]): void {
    this.#progressAt = this.#clock.monotonic();
    if (!this.#lost) this.#socket.write(`${commands.join('\r\n')}\r\n`);
  }

  /** The next reply, in the order of the commands. Rejects with ConnectionLost. */
  reply(): Promise<Reply> {
    const reply = this.#replies.shift();
    if (reply) return Promise.resolve(reply);
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** A reply that came before it was due: a refusal in the middle of the body. */
  earlyReply(): Reply | undefined {
    return this.#replies.shift();
  }

  /** Resolves when the kernel has taken the piece, so that a slow upstream is not buffered for in memory. */
  async write(piece: Buffer): Promise<void> {
    if (this.#lost) throw this.#lost;
    await new Promise<void>((resolve) => this.#socket.write(piece, () => resolve()));
    this.#progressAt = this.#clock.monotonic();
    if (this.#lost) throw this.#lost;
  }

  /** The last bytes of a mail. From here on it may have been delivered. */
  handOver(piece: Buffer, ending: Buffer): void {
    if (this.#lost) throw this.#lost;
    this.phase = 'final';
    this.#progressAt = this.#clock.monotonic();
    this.#socket.cork();
    this.#socket.write(piece);
    this.#socket.write(ending);
    this.#socket.uncork();
  }

  /** Ends a session whose upstream says nothing for too long. Called now and then: a timer a mail would cost more than the mail. */
  checkProgress(): void {
    if (this.phase === 'idle' || this.#lost) return;
    const patienceMs = this.phase === 'final' ? this.#patience.finalMs : this.#patience.replyMs;
    const silentMs = this.#clock.monotonic() - this.#progressAt;
    if (silentMs > patienceMs) this.end(new UpstreamSilent(`no answer from the upstream for ${Math.round(silentMs / 1000)} s`));
  }

  end(lost: ConnectionLost): void {
    if (this.#lost) return;
    this.#lost = lost;
    this.#socket.destroy();
    this.#waiting?.reject(lost);
    this.#waiting = undefined;
    this.#onLost(lost);
  }

  /** RFC 5321, 4.1.1.10, without reading the 221: there is nothing to be learned from it. Resolves when the connection is gone. */
  quit(): Promise<void> {
    if (this.#lost) return Promise.resolve();
    const gone = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.end('QUIT\r\n');
    this.#socket.setTimeout(quitPatienceMs, () => this.#socket.destroy()).unref();
    this.#lost = new ConnectionLost('the session was ended');
    return gone;
  }

  #take(chunk: Buffer): void {
    if (this.#lost) return;
    this.#progressAt = this.#clock.monotonic();
    try {
      for (const reply of this.#reader.read(chunk)) this.#hear(reply);
    } catch (error) {
      this.end(new ConnectionLost(error instanceof Error ? error.message : String(error)));
    }
  }

  #hear(reply: Reply): void {
    const closing = reply.code === 421 && this.phase !== 'final';
    const unexpected = this.phase === 'idle' || (this.phase === 'body' && reply.code < 400);
    if (closing || unexpected)
      return this.end(new ConnectionLost(closing ? 'the upstream closes the session' : 'the upstream replied out of turn', reply));
    if (this.#waiting) {
      this.#waiting.resolve(reply);
      this.#waiting = undefined;
    } else this.#replies.push(reply);
    // A refusal in mid-body is final, and what follows of the body would be taken for commands or answered a second time.
    if (this.phase === 'body') this.end(new ConnectionLost('the upstream refused before the end of the body', reply));
  }
}
