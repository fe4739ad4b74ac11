import { AttemptsUnderWay } from './attempts-under-way.ts';
import type { Mail } from './mail.ts';
import type { Metering } from './metering.ts';

/** One transaction, handed to a sender and not concluded. */
export interface Attempt {
  readonly id: string;
  readonly mail: Mail;
  readonly recipients: readonly number[];
  readonly upstream: string;
  readonly sender: string;
  /** How long the mail had been ready when it was started; unknown after a recovery, which starts nothing again. */
  readonly waitedMs?: number;
  /** The limits that it counts for; none: undefined. */
  readonly metering?: Metering | undefined;
  /** MAIL FROM may have been written. */
  begun: boolean;
}

/** A sender, from its first hello to the end of its lease. */
export interface Sender {
  readonly id: string;
  /** Has a stream open; without one nothing is dispatched to it, but its lease goes on. */
  connected: boolean;
  /** Monotonic, milliseconds. */
  leaseEndsAt: number;
  /** Attempts it is ready to hold, by upstream. */
  readonly windows: Map<string, number>;
  /** Attempts it holds, by upstream. */
  readonly held: Map<string, number>;
}

/** Who delivers what: the senders, their room, and every attempt that is not concluded. */
export class SenderTable {
  readonly #senders = new Map<string, Sender>();
  readonly #attempts = new AttemptsUnderWay();

  get senders(): Iterable<Sender> {
    return this.#senders.values();
  }

  get attempts(): Iterable<Attempt> {
    return this.#attempts.values();
  }

  get attemptCount(): number {
    return this.#attempts.size;
  }

  find(id: string): Sender | undefined {
    return this.#senders.get(id);
  }

  /** The sender by this id; a new one when it was not known. */
  meet(id: string, leaseEndsAt: number): Sender {
    let sender = this.#senders.get(id);
    if (!sender) {
      sender = { id, connected: false, leaseEndsAt, windows: new Map(), held: new Map() };
      this.#senders.set(id, sender);
    }
    return sender;
  }

  forget(id: string): void {
    this.#senders.delete(id);
  }

  /** The connected sender with the most room for an upstream. */
  roomiest(upstream: string): Sender | undefined {
    let best: Sender | undefined;
    let bestRoom = 0;
    for (const sender of this.#senders.values()) {
      const room = sender.connected ? (sender.windows.get(upstream) ?? 0) - (sender.held.get(upstream) ?? 0) : 0;
      if (room > bestRoom) [best, bestRoom] = [sender, room];
    }
    return best;
  }

  /** Those that are connected and serve the upstream, and what they hold for it. */
  serving(upstream: string): { readonly senders: number; readonly held: number; readonly room: number } {
    let [senders, held, room] = [0, 0, 0];
    for (const sender of this.#senders.values()) {
      const window = sender.connected ? (sender.windows.get(upstream) ?? 0) : 0;
      if (window === 0) continue;
      const holds = sender.held.get(upstream) ?? 0;
      senders += 1;
      held += holds;
      room += Math.max(0, window - holds);
    }
    return { senders, held, room };
  }

  /** Attempts that any of them holds for an upstream, connected or not. */
  underWay(upstream: string): number {
    let count = 0;
    for (const { held } of this.#senders.values()) count += held.get(upstream) ?? 0;
    return count;
  }

  attempt(id: string): Attempt | undefined {
    return this.#attempts.get(id);
  }

  attemptsOf(sender: string): Attempt[] {
    return [...this.#attempts.values()].filter((attempt) => attempt.sender === sender);
  }

  add(attempt: Attempt): void {
    this.#attempts.add(attempt);
    this.#count(attempt, 1);
  }

  remove(attempt: Attempt): void {
    if (this.#attempts.delete(attempt)) this.#count(attempt, -1);
  }

  #count(attempt: Attempt, change: number): void {
    const held = this.#senders.get(attempt.sender)?.held;
    held?.set(attempt.upstream, (held.get(attempt.upstream) ?? 0) + change);
  }
}
