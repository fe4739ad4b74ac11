import { setImmediate as turn } from 'node:timers/promises';
import { isStreamError, journalStream, readStream, streamState, type StreamConnection } from '@posthaste/stream';
import { counter, gauge, type Clock, type Log } from '@posthaste/telemetry';
import type { Changes } from './changes.ts';
import type { Ledger, Position } from './ledger.ts';
import { steps, type Step } from './steps.ts';

export interface FollowOptions {
  readonly connection: StreamConnection;
  readonly ledger: Ledger;
  /** Told of every message that an event was taken in for, known to the ledger or not. */
  readonly changes: Changes;
  readonly partition: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Between transactions, so that accepted, started and delivered of one mail come together; also the lag when nothing else delays. */
const gatherMs = 20;
/** Before the journal is looked for again. */
const retryMs = 500;

const lag = gauge(
  'posthaste_ledger_lag_seconds',
  'Age of the journal entry taken in last, when it was taken in. A rise means that answers about mail are old.',
);
const taken = counter('posthaste_ledger_events_total', 'Journal events taken in.');
const strangers = counter(
  'posthaste_ledger_unknown_events_total',
  'Journal events of messages that the ledger does not know. A rise means that a part of the journal was lost.',
);
const gaps = counter(
  'posthaste_ledger_gaps_total',
  'Times that a part of the journal was found missing. A rise means that the ledger was behind by more than the journal keeps.',
);

/** Takes a partition's journal into the ledger from its creation on, until the signal is aborted. */
export class JournalFollower {
  readonly #options: FollowOptions;
  readonly #waiting = new Set<{ readonly sequence: number; readonly resolve: () => void }>();
  /** Up to where this journal, and no earlier one, is in; undefined until that was found out. */
  #reached: number | undefined;
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
    await new Promise<void>((resolve, reject) => {
      const abandon = () => {
        this.#waiting.delete(waiter);
        reject(signal.reason);
      };
      const waiter = {
        sequence: last,
        resolve: () => {
          signal.removeEventListener('abort', abandon);
          resolve();
        },
      };
      this.#waiting.add(waiter);
      signal.addEventListener('abort', abandon, { once: true });
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
    this.#noteGap(begin);
    return begin;
  }

  async #read(from: Position): Promise<void> {
    const { connection, partition, signal, clock } = this.#options;
    let position = from;
    this.#reach(from.sequence);
    for await (const entries of readStream(connection, { stream: journalStream(partition), from: from.sequence + 1, dense: true, signal })) {
      for (const step of steps(partition, position, entries)) {
        position = this.#take(step);
        await turn();
      }
      await clock.sleep(gatherMs, signal).catch(() => {});
    }
  }

  #take(step: Step): Position {
    const { ledger, changes, partition, clock } = this.#options;
    if (step.kind === 'gap') this.#noteGap(step.position);
    else {
      strangers.inc(ledger.apply(partition, step.events, step.position).length);
      taken.inc(step.events.length);
      changes.tell(new Set(step.events.map(({ id }) => id)));
    }
    lag.set(Math.max(0, clock.now() - step.time) / 1000);
    this.#reach(step.position.sequence);
    return step.position;
  }

  #noteGap(position: Position): void {
    const { ledger, changes, partition, log } = this.#options;
    gaps.inc();
    const forgotten = ledger.forgetUnfinished(partition, position);
    changes.tellAll();
    log.warn('a part of the journal is missing: unfinished mail is forgotten here, the scheduler knows it', {
      partition,
      resumedAt: position.sequence + 1,
      forgotten,
    });
  }

  #reach(sequence: number): void {
    this.#reached = sequence;
    for (const waiter of this.#waiting) {
      if (waiter.sequence > sequence) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }
}
