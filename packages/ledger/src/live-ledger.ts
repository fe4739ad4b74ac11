import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { StreamConnection } from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';
import { Changes } from './changes.ts';
import { JournalFollower } from './follow.ts';
import { Ledger } from './ledger.ts';
import type { MessageRecord } from './record.ts';

export interface LiveLedgerOptions {
  /** A file, which is made when it is not there, or `:memory:`. */
  readonly path: string;
  readonly connection: StreamConnection;
  readonly partition: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** A ledger that follows the journal, and can be asked meanwhile. */
export class LiveLedger {
  readonly #following = new AbortController();
  readonly #changes = new Changes();
  readonly #ledger: Ledger;
  readonly #follower: JournalFollower;

  constructor(options: LiveLedgerOptions) {
    if (options.path !== ':memory:') mkdirSync(dirname(options.path), { recursive: true });
    this.#ledger = new Ledger(options.path);
    this.#follower = new JournalFollower({ ...options, ledger: this.#ledger, changes: this.#changes, signal: this.#following.signal });
  }

  /** Rejects when the ledger cannot be written any more. */
  get done(): Promise<void> {
    return this.#follower.done;
  }

  getMessage(id: string): MessageRecord | undefined {
    return this.#ledger.getMessage(id);
  }

  /** Resolves when all that the journal holds at the time of the call is in. Rejects with a StreamError, or when `signal` is aborted. */
  caughtUp(signal: AbortSignal): Promise<void> {
    return this.#follower.caughtUp(signal);
  }

  /** Calls `listener` after each change of the message, until the function that it returns is called. */
  subscribe(id: string, listener: () => void): () => void {
    return this.#changes.subscribe(id, listener);
  }

  async close(): Promise<void> {
    this.#following.abort();
    await this.#follower.done;
    this.#ledger.close();
  }
}
