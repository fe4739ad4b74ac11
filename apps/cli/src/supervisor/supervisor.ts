import { type Clock, describeError } from '@posthaste/telemetry';
import { describeExit, type Exit, type Program, type Running } from './program.ts';

export interface SupervisorOptions {
  readonly programs: readonly Program[];
  readonly clock: Clock;
  readonly say: (level: 'info' | 'warn' | 'error', sentence: string) => void;
  readonly policy?: RestartPolicy;
}

export interface RestartPolicy {
  /** The pause before a restart, doubled each time up to the longest. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** A program that ran this long starts with the first pause again. */
  readonly steadyMs: number;
  /** A program that ends this often before it was ever ready will not get ready: the start is given up. */
  readonly hopelessStarts: number;
  /** From SIGTERM to SIGKILL, for each program. */
  readonly graceMs: number;
}

export const defaultPolicy: RestartPolicy = { firstPauseMs: 1_000, longestPauseMs: 30_000, steadyMs: 30_000, hopelessStarts: 3, graceMs: 30_000 };

/** The pause before the next start, from the last pause and from how long the program ran. */
export function nextPause(policy: RestartPolicy, lastPauseMs: number | undefined, ranMs: number): number {
  if (lastPauseMs === undefined || ranMs >= policy.steadyMs) return policy.firstPauseMs;
  return Math.min(lastPauseMs * 2, policy.longestPauseMs);
}

/** A program under supervision. */
interface Kept {
  readonly program: Program;
  /** Aborted when it is to end and not to come back. */
  readonly leaving: AbortController;
  phase: Phase;
  everReady: boolean;
  earlyEnds: number;
  /** Its end, once it was asked for: a program that is told to end twice ends at once. */
  end?: Promise<void>;
}

type Phase =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'launching'; readonly running: Promise<Running> }
  | { readonly kind: 'running'; readonly running: Running };

/** Starts programs, starts them again when they end, and stops them in order. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #policy: RestartPolicy;
  readonly #kept: Kept[];
  readonly #keepers: Promise<void>[] = [];
  readonly #stopping = new AbortController();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#policy = options.policy ?? defaultPolicy;
    this.#kept = options.programs.map(keep);
  }

  /** Resolves when every program is ready, or when it was stopped before; rejects when one cannot be brought up. */
  async start(): Promise<void> {
    for (const stage of this.#stages().reverse()) {
      for (const kept of stage) this.#keepers.push(this.#keep(kept));
      // Only the launch is waited for: programs of different stages need one another to get ready.
      await Promise.allSettled(stage.flatMap(({ phase }) => (phase.kind === 'launching' ? [phase.running] : [])));
    }
    await this.#untilReady();
  }

  /** From now on this one is kept running as well. */
  enlist(program: Program): void {
    if (this.#stopping.signal.aborted) return;
    const kept = keep(program);
    this.#kept.push(kept);
    this.#keepers.push(this.#keep(kept));
  }

  /** Ends a program in order, and does not start it again. Resolves when it has ended. */
  async retire(name: string): Promise<void> {
    const kept = this.#kept.find(({ program }) => program.name === name);
    if (!kept) return;
    kept.leaving.abort();
    await this.#end(kept);
    this.#kept.splice(this.#kept.indexOf(kept), 1);
  }

  /** Process ids of what runs now. */
  pids(): readonly number[] {
    return this.#kept.flatMap(({ phase }) => (phase.kind === 'running' ? [phase.running.pid] : []));
  }

  /** SIGTERM to each stage in turn; SIGKILL to what has not ended after its grace. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const stage of this.#stages()) await Promise.all(stage.map((kept) => this.#end(kept)));
    await Promise.all(this.#keepers);
  }

  killAll(): void {
    this.#stopping.abort();
    for (const { phase } of this.#kept) if (phase.kind === 'running') phase.running.kill('SIGKILL');
  }

  #stages(): Kept[][] {
    const stages = Map.groupBy(this.#kept, (kept) => kept.program.stopStage);
    return [...stages.entries()].sort(([left], [right]) => left - right).map(([, members]) => members);
  }

  async #keep(kept: Kept): Promise<void> {
    const { clock } = this.#options;
    let pauseMs: number | undefined;
    const over = AbortSignal.any([this.#stopping.signal, kept.leaving.signal]);
    while (!over.aborted) {
      const startedAt = clock.monotonic();
      const how = await this.#runOnce(kept);
      if (over.aborted) return;
      if (!kept.everReady) kept.earlyEnds += 1;
      pauseMs = nextPause(this.#policy, pauseMs, clock.monotonic() - startedAt);
      this.#options.say('warn', `${kept.program.name} ended with ${how}; it is started again in ${pauseMs / 1000} s`);
      await clock.sleep(pauseMs, over).catch(() => {});
    }
  }

  /** Runs the program to its end, and answers how that came. */
  async #runOnce(kept: Kept): Promise<string> {
    try {
      const launching = kept.program.launch();
      kept.phase = { kind: 'launching', running: launching };
      const running = await launching;
      kept.phase = { kind: 'running', running };
      return describeExit(await running.exited);
    } catch (error) {
      return describeError(error);
    } finally {
      kept.phase = { kind: 'waiting' };
    }
  }

  async #untilReady(): Promise<void> {
    const { clock, say } = this.#options;
    const askEveryMs = 100;
    for (let asked = 1; !this.#stopping.signal.aborted; asked++) {
      await Promise.all(this.#kept.map(async (kept) => void (kept.everReady ||= kept.phase.kind === 'running' && (await kept.program.isReady()))));
      const missing = this.#kept.filter((kept) => !kept.everReady);
      if (missing.length === 0) return;
      const hopeless = missing.find((kept) => kept.earlyEnds >= this.#policy.hopelessStarts);
      if (hopeless) throw new Error(`${hopeless.program.name} ended ${hopeless.earlyEnds} times before it was ready; its lines above say why`);
      if (asked % 100 === 0) say('warn', `still waiting until ${missing.map((kept) => kept.program.name).join(', ')} can work`);
      await clock.sleep(askEveryMs, this.#stopping.signal).catch(() => {});
    }
  }

  #end(kept: Kept): Promise<void> {
    return (kept.end ??= this.#stopOne(kept));
  }

  async #stopOne({ program, phase }: Kept): Promise<void> {
    const running = phase.kind === 'launching' ? await phase.running.catch(() => undefined) : phase.kind === 'running' ? phase.running : undefined;
    if (!running) return;
    running.kill('SIGTERM');
    const exit = await this.#exitWithin(running, this.#policy.graceMs);
    if (exit) return this.#options.say('info', `${program.name} stopped (${describeExit(exit)})`);
    this.#options.say('warn', `${program.name} has not stopped within ${this.#policy.graceMs / 1000} s and is killed`);
    running.kill('SIGKILL');
    await running.exited;
  }

  async #exitWithin(running: Running, ms: number): Promise<Exit | undefined> {
    const tooLate = new AbortController();
    const sleep = this.#options.clock.sleep(ms, tooLate.signal).catch(() => {});
    const first = await Promise.race([running.exited, sleep.then(() => undefined)]);
    tooLate.abort();
    return first;
  }
}

function keep(program: Program): Kept {
  return { program, leaving: new AbortController(), phase: { kind: 'waiting' }, everReady: false, earlyEnds: 0 };
}
