import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { variableName } from '@posthaste/config';
import { compiledFolder, eventually } from '@posthaste/testkit';
import { type Metrics, parseMetrics } from './metrics.ts';

export type ProgramName = 'relay' | 'api' | 'scheduler' | 'sender';

export interface ProgramOptions {
  readonly name: ProgramName;
  /** Where its standard output and error go. */
  readonly logFile: string;
  readonly adminPort: number;
  /** Dotted keys to values. */
  readonly settings: Readonly<Record<string, string>>;
  /** Variables that are no settings of ours. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface LaunchOptions {
  /** Its wall clock runs ahead by so much. Default 0. */
  readonly clockAheadMs?: number;
  /** It begins to when it is first told to by `setClock`. Default: at its start. */
  readonly clockAheadFrom?: 'start' | 'signal';
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const slowestStartMs = 30_000;

/** One of our programs as a child process. It ends with the test, however that ends, by the pipe that it inherits as fd 3. */
export class Program {
  readonly name: ProgramName;
  readonly #options: ProgramOptions;
  #child: ChildProcess | undefined;
  #exited: Promise<Exit> = Promise.resolve({ code: 0, signal: null });

  constructor(options: ProgramOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Starts it and waits until it is ready. */
  async start(options: LaunchOptions = {}): Promise<void> {
    this.launch(options);
    await this.whenReady();
  }

  /** Starts it without waiting. */
  launch({ clockAheadMs = 0, clockAheadFrom = 'start' }: LaunchOptions = {}): void {
    if (this.isRunning) throw new Error(`${this.name} runs already with process id ${this.#child?.pid}`);
    const { name, logFile, settings, env: foreign } = this.#options;
    const log = openSync(logFile, 'a');
    const env = Object.fromEntries(Object.entries(settings).map(([key, value]) => [variableName(key), value]));
    const main = resolve(import.meta.dirname, '../../../apps', name, 'src/main.ts');
    const child = spawn(process.execPath, [...shiftClock(clockAheadMs, clockAheadFrom), main], {
      stdio: ['ignore', log, log, 'pipe'],
      env: { NODE_COMPILE_CACHE: compiledFolder, ...foreign, ...env, POSTHASTE_PARENT_FD: '3' },
    });
    closeSync(log);
    this.#child = child;
    this.#exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
    // The pipe breaks when the program is killed; its exit tells.
    child.stdio[3]?.on('error', () => {});
  }

  async whenReady(): Promise<void> {
    await eventually(
      async () => {
        if (!this.isRunning) return true;
        return this.isReady();
      },
      { timeoutMs: slowestStartMs, intervalMs: 25, describe: `${this.name} is ready` },
    );
    if (!this.isRunning) throw new Error(`${this.name} ended before it was ready`);
  }

  async isReady(): Promise<boolean> {
    return (await this.#ask('/readyz')).ok;
  }

  async metrics(): Promise<Metrics> {
    return parseMetrics(await (await this.#ask('/metrics')).text());
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    await this.#exited;
  }

  /** kill -9 and start again. */
  async restart(options: LaunchOptions = {}): Promise<void> {
    await this.kill();
    await this.start(options);
  }

  /** SIGTERM, and how it ended. */
  terminate(): Promise<Exit> {
    this.#signal('SIGTERM');
    return this.#exited;
  }

  /** Its wall clock is set ahead, or back again: see LaunchOptions. */
  setClock(): void {
    this.#signal('SIGUSR2');
  }

  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  /** The last lines of its program log. */
  tail(lines: number): string {
    const { logFile } = this.#options;
    const text = existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
    return text
      .split('\n')
      .filter((line) => line !== '' && !line.includes('"log":"mail"'))
      .slice(-lines)
      .join('\n');
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#child?.kill(signal);
  }

  #ask(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.#options.adminPort}${path}`, { signal: AbortSignal.timeout(5_000) });
  }
}

function shiftClock(ms: number, from: string): string[] {
  return ms === 0 ? [] : ['--import', `${import.meta.resolve('./shifted-clock.ts')}?ms=${ms}&from=${from}`];
}
