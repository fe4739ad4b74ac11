import type { ClockMarks, Effect, JournalRecord, Step } from '@posthaste/core';
import type { Journal } from '@posthaste/stream';
import type { Clock } from '@posthaste/telemetry';

/** An append is at most this large, unless a single event is larger. Well below the server's default payload limit of 1 MiB. */
const maxEntryBytes = 512 * 1024;

/**
 * Appends follow each other no faster than this. The first after a pause goes at once, so a quiet scheduler waits for nothing; under load more
 * goes into each append, and every program behind it (NATS, senders, the ledger) does its work in larger lots: a fifth less CPU a mail.
 */
const paceMs = 3;

export interface JournalWriterOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly epoch: number;
  readonly owner: string;
  /** Called in order, each time after the records of a step, and all before, are acknowledged. */
  readonly onRecorded: (records: readonly JournalRecord[]) => void;
  readonly perform: (effect: Effect) => void;
  /** The journal refused for good: this owner must stop. */
  readonly onFailed: (error: unknown) => void;
}

type Waiting = Step | { readonly mark: (sequence: number) => void };

/**
 * Journal before effect: appends the records of steps, and only on the acknowledgement hands out their effects. One append is in flight at a
 * time, and what comes meanwhile goes into the next one.
 */
export class JournalWriter {
  readonly #options: JournalWriterOptions;
  #waiting: Waiting[] = [];
  #flushing = false;
  #failed = false;
  #lastAppendAt = -Infinity;
  /** Appended since the beginning of this epoch. */
  appendedEvents = 0;

  constructor(options: JournalWriterOptions) {
    this.#options = options;
  }

  write(step: Step): void {
    if (step.records.length === 0 && step.effects.length === 0 && !step.clock) return;
    this.#waiting.push(step);
    this.#flush();
  }

  /** Resolves to the journal's last sequence once everything written before is acknowledged; what is written later lies above it. */
  mark(): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting.push({ mark: resolve });
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#flushing || this.#failed) return;
    this.#flushing = true;
    this.#drain().then(
      () => (this.#flushing = false),
      (error: unknown) => {
        this.#failed = true;
        this.#options.onFailed(error);
      },
    );
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#pace();
      const next = this.#waiting;
      const cut = next.findIndex((waiting) => 'mark' in waiting);
      this.#waiting = cut === 0 ? next.slice(1) : cut > 0 ? next.slice(cut) : [];
      const first = next[0];
      if (first && 'mark' in first) first.mark(this.#options.journal.lastSequence);
      else await this.#append((cut > 0 ? next.slice(0, cut) : next) as Step[]);
    }
  }

  /** What comes while it waits goes into the same append. */
  async #pace(): Promise<void> {
    const { clock } = this.#options;
    const waitMs = this.#lastAppendAt + paceMs - clock.monotonic();
    if (waitMs > 0) await clock.sleep(waitMs);
    this.#lastAppendAt = clock.monotonic();
  }

  async #append(steps: readonly Step[]): Promise<void> {
    const records = steps.flatMap((step) => step.records);
    const clock = steps.findLast((step) => step.clock)?.clock;
    for (const body of this.#encode(records, clock)) await this.#options.journal.append('events', body);
    this.appendedEvents += records.length;
    this.#options.onRecorded(records);
    for (const step of steps) step.effects.forEach(this.#options.perform);
  }

  /** What is said of the clock goes first: every event says by itself what it needs of it. */
  *#encode(records: readonly JournalRecord[], clock: ClockMarks | undefined): Iterable<Uint8Array> {
    if (clock) yield encodeEntry(this.#options.epoch, this.#options.owner, [], clock);
    let events: string[] = [];
    let bytes = 0;
    for (const { event } of records) {
      const text = JSON.stringify(event);
      const size = Buffer.byteLength(text);
      if (bytes + size > maxEntryBytes && events.length > 0) {
        yield this.#entry(events);
        [events, bytes] = [[], 0];
      }
      events.push(text);
      bytes += size;
    }
    if (events.length > 0) yield this.#entry(events);
  }

  #entry(events: readonly string[]): Uint8Array {
    return encodeEntry(this.#options.epoch, this.#options.owner, events);
  }
}

/** A `JournalEntry` of events that are JSON already. */
export function encodeEntry(epoch: number, owner: string, events: readonly string[], clock?: ClockMarks): Uint8Array {
  const jumped = clock ? `,"clock":${JSON.stringify(clock)}` : '';
  return Buffer.from(`{"epoch":${epoch},"owner":${JSON.stringify(owner)},"events":[${events.join(',')}]${jumped}}`);
}
