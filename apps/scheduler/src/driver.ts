import type { Engine, Input, Instant, SnapshotWithStates } from '@posthaste/core';
import type { Clock } from '@posthaste/telemetry';
import type { JournalWriter } from './journal-writer.ts';
import { MachineSleep } from './machine-sleep.ts';

const longestSleepMs = 1_000;

/** Tells the engine what happens, once a turn of the event loop takes its step to the journal, and wakes it when it asks for the time. */
export class Driver {
  readonly engine: Engine;
  readonly #writer: JournalWriter;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #sleep = new MachineSleep();
  #stepScheduled = false;
  #wake: { readonly at: number; readonly abort: AbortController } | null = null;

  constructor(engine: Engine, writer: JournalWriter, clock: Clock, signal: AbortSignal) {
    this.engine = engine;
    this.#writer = writer;
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake?.abort.abort(), { once: true });
  }

  tell(input: Input): void {
    if (this.#signal.aborted) return;
    this.engine.handle(input, this.now());
    this.#scheduleStep();
  }

  now(): Instant {
    const [wall, mono] = [this.#clock.now(), this.#clock.monotonic()];
    return { wall, mono, sleptMs: this.#sleep.sleptMs(wall, mono) };
  }

  /** Takes what is pending to the journal at once. */
  step(): void {
    const now = this.now();
    this.#writer.write(this.engine.takeStep(now));
    this.#armWake(this.engine.nextWake(now), now.mono);
  }

  /** Takes what is pending to the journal, and resolves once that is acknowledged. Rejects when the ownership ends. */
  async journalled(): Promise<void> {
    this.step();
    const over = Promise.withResolvers<never>();
    const end = () => over.reject(new Error('this scheduler no longer owns the partition'));
    this.#signal.addEventListener('abort', end, { once: true });
    try {
      if (this.#signal.aborted) end();
      await Promise.race([this.#writer.mark(), over.promise]);
    } finally {
      this.#signal.removeEventListener('abort', end);
    }
  }

  /** A snapshot, and the promise of the journal sequence that it contains. */
  snapshot(): { readonly taken: SnapshotWithStates; readonly journalled: Promise<number> } {
    this.step();
    const taken = this.engine.takeSnapshot();
    return { taken, journalled: this.#writer.mark() };
  }

  #scheduleStep(): void {
    if (this.#stepScheduled) return;
    this.#stepScheduled = true;
    setImmediate(() => {
      this.#stepScheduled = false;
      if (!this.#signal.aborted) this.step();
    });
  }

  /**
   * An earlier wake is armed anew; a later one is found out when the armed one comes. No sleep is long: nobody tells of a wall clock that is set ahead, and what
   * was due by it at noon goes when it says noon.
   */
  #armWake(wantedMs: number | null, mono: number): void {
    if (wantedMs === null) return;
    const afterMs = Math.min(wantedMs, longestSleepMs);
    const at = mono + afterMs;
    if (this.#wake && this.#wake.at <= at) return;
    this.#wake?.abort.abort();
    const abort = new AbortController();
    this.#wake = { at, abort };
    this.#clock.sleep(Math.max(1, afterMs), abort.signal).then(
      () => {
        this.#wake = null;
        this.tell({ kind: 'time' });
      },
      () => {},
    );
  }
}
