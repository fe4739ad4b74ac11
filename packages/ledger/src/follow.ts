import { setImmediate as turn } from 'node:timers/promises';
import { isStreamError, journalStream, readStream, StreamError, streamState, type StreamConnection } from '@posthaste/stream';
import { counter, gauge, type Clock, type Log } from '@posthaste/telemetry';
import type { Changes } from './changes.ts';
import type { Ledger, Position } from './ledger.ts';
import { readSeed } from './seed.ts';
import { steps, type Step } from './steps.ts';

export interface FollowOptions {
  readonly connection: StreamConnection;
  readonly ledger: Ledger;
  /** Told of every message that an event was taken in for, known to the ledger or not. */
  readonly changes: Changes;
  /** Whether metrics show how it goes. Default: true. */
  readonly measured?: boolean;
  readonly partition: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Between transactions, so that accepted, started and delivered of one mail come together; also the lag when nothing else delays. */
const gatherMs = 20;
/** When so much came at once that mail spends longer under way than that, more of it comes together so: a twentieth less work of the api, or more. */
const busy = { events: 100, gatherMs: 100 };
/** What is older is caught up with as fast as may be. */
const recentMs = 1_000;
/** Before the journal is looked for again. */
const retryMs = 500;

const lag = gauge(
  'posthaste_ledger_lag_seconds',
  'Age of the journal entry taken in last, when it was taken in. A rise means that answers about mail are old.',
  ['partition'],
);
const taken = counter('posthaste_ledger_events_total', 'Journal events taken in. Standing still while mail flows: the ledger is stuck.');
const strangers = counter(
  'posthaste_ledger_unknown_events_total',
  'Journal events of messages that the ledger does not know. A rise means that a part of the journal was lost.',
);
const gaps = counter(
  'posthaste_ledger_gaps_total',
  'Times that a part of the journal was found missing. A rise means that the ledger was behind by more than the journal keeps.',
);

interface Waiter {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Takes a partition's journal into the ledger from its creation on, until the signal is aborted. */
export class JournalFollower {
  readonly #options: FollowOptions;
  readonly #waiting = new Set<Waiter>();
  /** Up to where this journal, and no earlier one, is in; undefined until that was found out. */
  #reached: number | undefined;
  /** When the entry that was taken in last was journalled, milliseconds since the epoch. */
  #reachedAt: number | undefined;
  /** Settles when it is over; rejects when the ledger cannot be written any more. */
  readonly done: Promise<void>;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.done = this.#follow();
  }

  /** Resolves when all that the journal holds at the time of the call is in the ledger. Rejects with a StreamError, or when `signal` is aborted. */
  async caughtUp(signal: AbortSignal): Promise<void> {
    const { connection, partition } = this.#options;
    const { last } = await streamState(connection, journalStream(partition));
    signal.throwIfAborted();
    if (this.#reached !== undefined && this.#reached >= last) return;
    await this.#reaches(last, signal);
  }

  /** How far the ledger is behind the journal, milliseconds. Rejects with a StreamError. */
  async lagMs(): Promise<number> {
    const { connection, partition, clock } = this.#options;
    const { last, createdAt } = await streamState(connection, journalStream(partition));
    if (this.#reached !== undefined && this.#reached >= last) return 0;
    return Math.max(0, clock.now() - (this.#reachedAt ?? createdAt));
  }

  /** Entries of the journal: those that were taken in, and all. Rejects with a StreamError. */
  async progress(): Promise<{ readonly entries: number; readonly of: number }> {
    const { connection, partition } = this.#options;
    const { first, last } = await streamState(connection, journalStream(partition));
    return { entries: Math.max(0, (this.#reached ?? 0) - first + 1), of: last - first + 1 };
  }

  /** Ends the wait of all who wait for it to catch up: it will not. */
  abandon(): void {
    const error = new StreamError('AWAY', 'the journal is not followed any more');
    for (const waiter of this.#waiting) waiter.reject(error);
  }

  #reaches(sequence: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { sequence, resolve, reject };
    const abort = () => reject(signal.reason);
    this.#waiting.add(waiter);
    signal.addEventListener('abort', abort, { once: true });
    return promise.finally(() => {
      this.#waiting.delete(waiter);
      signal.removeEventListener('abort', abort);
    });
  }

  async #follow(): Promise<void> {
    const { signal, clock, log } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#read(await this.#resume());
      } catch (error) {
        if (signal.aborted) return;
        if (!isStreamError(error)) throw error;
        log.info('the journal cannot be read yet; trying on', { error });
        await clock.sleep(retryMs, signal).catch(() => {});
      }
    }
  }

  /** Where to go on. A position that the journal does not reach back to, or that it does not reach at all, is a gap. */
  async #resume(): Promise<Position> {
    const { connection, ledger, partition } = this.#options;
    const { createdAt, first, last } = await streamState(connection, journalStream(partition));
    const begin: Position = { createdAt, sequence: Math.max(first, 1) - 1, skip: 0 };
    const position = ledger.position(partition);
    if (!position && begin.sequence === 0) return begin;
    if (position?.createdAt === createdAt && position.sequence >= begin.sequence && position.sequence <= last) return position;
    await this.#passGap(begin);
    return begin;
  }

  async #read(from: Position): Promise<void> {
    const { connection, partition, signal, clock } = this.#options;
    let position = from;
    this.#reach(from.sequence);
    for await (const entries of readStream(connection, { stream: journalStream(partition), from: from.sequence + 1, dense: true, signal })) {
      let events = 0;
      for (const step of steps(partition, position, entries)) {
        if (step.kind === 'events') events += step.events.length;
        position = await this.#take(step);
        await turn();
      }
      const isBusy = events >= busy.events && clock.now() - (this.#reachedAt ?? 0) < recentMs;
      await clock.sleep(isBusy ? busy.gatherMs : gatherMs, signal).catch(() => {});
    }
  }

  async #take(step: Step): Promise<Position> {
    if (step.kind === 'gap') await this.#passGap(step.position);
    else this.#takeEvents(step);
    this.#reachedAt = step.time;
    this.#reach(step.position.sequence);
    return step.position;
  }

  #takeEvents({ events, position, time }: Extract<Step, { kind: 'events' }>): void {
    const { ledger, changes, partition, clock, measured = true } = this.#options;
    const unknown = ledger.apply(partition, events, position);
    changes.tell(events);
    if (!measured) return;
    strangers.inc(unknown.length);
    taken.inc(events.length);
    lag.set({ partition }, Math.max(0, clock.now() - time) / 1000);
  }

  /** What the lost part told of mail under way is made up for as far as WAIT and STATE hold it. */
  async #passGap(position: Position): Promise<void> {
    const { ledger, changes, partition, log, measured = true } = this.#options;
    if (measured) gaps.inc();
    const forgotten = ledger.forgetUnfinished(partition);
    let seeded = 0;
    for await (const mails of readSeed(this.#options)) {
      ledger.put(mails);
      seeded += mails.length;
    }
    ledger.apply(partition, [], position);
    changes.tellAll();
    log.warn('a part of the journal is missing: mail under way is known again as far as WAIT and STATE hold it, the rest the scheduler knows', {
      partition,
      resumedAt: position.sequence + 1,
      forgotten,
      seeded,
    });
  }

  #reach(sequence: number): void {
    this.#reached = sequence;
    for (const waiter of this.#waiting) if (waiter.sequence <= sequence) waiter.resolve();
  }
}
