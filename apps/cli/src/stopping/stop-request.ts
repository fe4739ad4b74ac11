import { isatty } from 'node:tty';
import type { Clock } from '@posthaste/telemetry';
import { exitCode } from '../exit-code.ts';
import { oneHasEnded, packageRunners } from './package-runners.ts';

/** What can be stopped. */
export interface Stoppable {
  /** In order: what is under way is finished. */
  stop(): Promise<void>;
  killAll(): void;
}

type Say = (level: string, sentence: string) => void;

/** One Ctrl-C in a terminal may come twice at once, by the terminal and by a package manager that passes it on; a person's second one comes later. */
const oneKeystrokeMs = 1_000;

/**
 * Stops in order at the first signal, at once at a second Ctrl-C; also when the package manager that we were started through ends, which not all of them tell. SIGHUP is the end of
 * our terminal; where we have none (nohup, a service) it does not concern us, nor does it that a package manager ends of it. Answers the exit code.
 */
export class StopRequest {
  readonly #stoppable: Stoppable;
  readonly #clock: Clock;
  readonly #say: Say;
  readonly #watching = new AbortController();
  readonly #hasTerminal = [0, 1, 2].some((fd) => isatty(fd));
  readonly #code = Promise.withResolvers<number>();
  #askedAt: number | undefined;

  constructor(stoppable: Stoppable, clock: Clock, say: Say) {
    this.#stoppable = stoppable;
    this.#clock = clock;
    this.#say = say;
  }

  /** Listens until the process ends, or until `release`. */
  listen(): Promise<number> {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, this.#onSignal);
    const runners = packageRunners();
    if (runners.length > 0) void this.#followRunners(runners);
    return this.#code.promise;
  }

  release(): void {
    this.#watching.abort();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGHUP' && !this.#hasTerminal) return this.#outlive();
    if (this.#askedAt === undefined) this.#stop(`${signal}: stopping everything in order; Ctrl-C once more stops at once`);
    else if (signal === 'SIGINT' && this.#clock.monotonic() - this.#askedAt >= oneKeystrokeMs) {
      this.#stoppable.killAll();
      process.exit(exitCode.interrupted);
    }
  };

  #outlive(): void {
    this.#watching.abort();
    this.#say('info', 'SIGHUP: a terminal has closed, but it is not ours: nothing is stopped; SIGTERM stops in order');
  }

  async #followRunners(runners: readonly number[]): Promise<void> {
    try {
      await oneHasEnded(runners, this.#clock, this.#watching.signal);
    } catch {
      return;
    }
    if (this.#askedAt === undefined) this.#stop('the package manager that started this has ended: stopping everything in order');
  }

  #stop(sentence: string): void {
    this.#askedAt = this.#clock.monotonic();
    this.#watching.abort();
    this.#say('info', sentence);
    this.#stoppable.stop().then(() => this.#code.resolve(exitCode.ok), this.#code.reject);
  }
}
