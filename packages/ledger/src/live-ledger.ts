import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { isStreamError, type StreamConnection } from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';
import { Changes } from './changes.ts';
import { Followers } from './followers.ts';
import { Ledger } from './ledger.ts';
import type { ListRequest, MessagePage } from './message-list.ts';
import type { MessageRecord } from './record.ts';

export interface LiveLedgerOptions {
  /** A file, which is made when it is not there. */
  readonly path: string;
  /** How long finished mail is kept after its last change, milliseconds; 0, the default: for ever. */
  readonly keepMs?: number;
  readonly connection: StreamConnection;
  /** How many journals there are. Default 1. */
  readonly partitions?: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** A ledger and who feeds it. */
interface Following {
  readonly ledger: Ledger;
  readonly followers: Followers;
  readonly stop: AbortController;
}

const forgetEveryMs = 60_000;
/** Between two steps of forgetting: what is asked meanwhile comes first. */
const forgetPauseMs = 20;

/** A ledger that follows the journals, can be asked meanwhile, forgets what is old, and can be built anew while it is asked. */
export class LiveLedger {
  readonly #options: LiveLedgerOptions;
  readonly #changes = new Changes();
  readonly #closing = new AbortController();
  readonly #over = Promise.withResolvers<void>();
  #now: Following;
  #isRebuilding = false;

  constructor(options: LiveLedgerOptions) {
    this.#options = options;
    mkdirSync(dirname(options.path), { recursive: true });
    this.#now = this.#begin(new Ledger(options.path));
    this.#over.promise.catch(() => {});
    this.#forget().catch((error: unknown) => this.#over.reject(error));
  }

  /** Resolves after `close`; rejects when the ledger cannot be written any more. */
  get done(): Promise<void> {
    return this.#over.promise;
  }

  getMessage(id: string): MessageRecord | undefined {
    return this.#now.ledger.getMessage(id);
  }

  /** A page of messages. Long searches give way to all else; one that the ledger's replacement interrupts begins again. */
  async list(request: ListRequest, signal: AbortSignal): Promise<MessagePage> {
    const { ledger } = this.#now;
    const search = ledger.list(request);
    for (let step = search.next(); ; step = search.next()) {
      if (step.done) return step.value;
      await turn();
      signal.throwIfAborted();
      if (ledger !== this.#now.ledger) return this.list(request, signal);
    }
  }

  /** Resolves when all that the journal holds at the time of the call is in. Rejects with a StreamError, or when `signal` is aborted. */
  async caughtUp(signal: AbortSignal): Promise<void> {
    const { followers } = this.#now;
    try {
      await followers.caughtUp(signal);
    } catch (error) {
      if (followers === this.#now.followers || signal.aborted) throw error;
      await this.caughtUp(signal);
    }
  }

  /** How far it is behind the journal, milliseconds. Rejects with a StreamError. */
  lagMs(): Promise<number> {
    return this.#now.followers.lagMs();
  }

  /** Calls `listener` after each change of the message, until the function that it returns is called. */
  subscribe(id: string, listener: () => void): () => void {
    return this.#changes.subscribe(id, listener);
  }

  /** Builds it anew from WAIT, STATE and JOURNAL, in a file beside the old one, which answers meanwhile. One at a time; how far it is comes as it goes. */
  async *rebuild(signal: AbortSignal): AsyncGenerator<RebuildProgress> {
    if (this.#isRebuilding) throw new Error('the ledger is being rebuilt already: wait until that is done');
    this.#isRebuilding = true;
    try {
      yield* this.#rebuild(AbortSignal.any([signal, this.#closing.signal]));
    } finally {
      this.#isRebuilding = false;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await halt(this.#now);
    this.#now.ledger.close();
    this.#now.followers.abandon();
    this.#over.resolve();
  }

  async *#rebuild(signal: AbortSignal): AsyncGenerator<RebuildProgress> {
    const { path, clock, log } = this.#options;
    const begun = clock.monotonic();
    const beside = `${path}.new`;
    removeDatabase(beside);
    const next = this.#follow(new Ledger(beside), { changes: new Changes(), measured: false });
    try {
      yield* this.#progress(next, signal);
      await this.#overtake(next, signal);
    } catch (error) {
      await halt(next);
      next.ledger.close();
      removeDatabase(beside);
      throw error;
    }
    this.#replace(next, beside);
    const tookMs = Math.round(clock.monotonic() - begun);
    log.info('the ledger was rebuilt', { path, tookMs });
    yield { kind: 'done', tookMs, messages: this.#now.ledger.count() };
  }

  /** The present one stands still until the next one has come past it: what was told once is not taken back. */
  async #overtake(next: Following, signal: AbortSignal): Promise<void> {
    const { ledger, followers } = this.#now;
    await halt(this.#now);
    try {
      // A followers that cannot write any more never catches up.
      await Promise.race([this.#whenCaughtUp(next.followers, signal), next.followers.done.then(endedEarly)]);
      await halt(next);
    } catch (error) {
      this.#now = this.#begin(ledger);
      followers.abandon();
      throw error;
    }
  }

  /** In one turn, so that nobody asks in between. A crash leaves the old file or the new one, and either is whole. */
  #replace(next: Following, beside: string): void {
    const { path } = this.#options;
    const before = this.#now;
    next.ledger.close();
    before.ledger.close();
    renameSync(beside, path);
    this.#now = this.#begin(new Ledger(path));
    before.followers.abandon();
    next.followers.abandon();
    this.#changes.tellAll();
  }

  async *#progress({ followers }: Following, signal: AbortSignal): AsyncGenerator<RebuildProgress> {
    const { clock } = this.#options;
    const caught = this.#whenCaughtUp(followers, signal).then(() => true);
    caught.catch(() => {});
    for (;;) {
      const paused = new AbortController();
      const isThere = await Promise.race([caught, clock.sleep(progressEveryMs, paused.signal).catch(() => {}), followers.done]);
      paused.abort();
      if (isThere === true) return;
      signal.throwIfAborted();
      yield { kind: 'reading', ...(await followers.progress()) };
    }
  }

  async #whenCaughtUp(followers: Followers, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        return await followers.caughtUp(signal);
      } catch (error) {
        // The stream may be away for a while.
        if (signal.aborted || !isStreamError(error)) throw error;
        await this.#options.clock.sleep(progressEveryMs, signal);
      }
    }
  }

  /** Follows with the ledger that answers. */
  #begin(ledger: Ledger): Following {
    const following = this.#follow(ledger, { changes: this.#changes });
    following.followers.done.catch((error: unknown) => this.#over.reject(error));
    return following;
  }

  #follow(ledger: Ledger, how: { readonly changes: Changes; readonly measured?: boolean }): Following {
    const { connection, partitions = 1, clock, log } = this.#options;
    const stop = new AbortController();
    const followers = new Followers({ ...how, ledger, connection, partitions, clock, log, signal: stop.signal });
    return { ledger, followers, stop };
  }

  async #forget(): Promise<void> {
    const { keepMs = 0, clock } = this.#options;
    const { signal } = this.#closing;
    while (keepMs > 0 && !signal.aborted) {
      const isDone = !this.#now.ledger.deleteSome(clock.now() - keepMs);
      await clock.sleep(isDone ? forgetEveryMs : forgetPauseMs, signal).catch(() => {});
    }
  }
}

export type RebuildProgress =
  /** Entries of the journal, taken in and in all. */
  | { readonly kind: 'reading'; readonly entries: number; readonly of: number }
  | { readonly kind: 'done'; readonly messages: number; readonly tookMs: number };

function endedEarly(): never {
  throw new Error('the new ledger stopped following before it was complete');
}

const progressEveryMs = 500;

async function halt({ stop, followers }: Following): Promise<void> {
  stop.abort();
  await followers.done.catch(() => {});
}

function removeDatabase(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) rmSync(file);
}
