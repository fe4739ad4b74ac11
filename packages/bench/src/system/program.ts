import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { nodeFlags, variableName } from '@posthaste/config';
import { eventually } from '@posthaste/testkit';

export interface ProgramOptions {
  readonly name: string;
  readonly file: string;
  /** Program log and mail log go there: writing them is part of the work that is measured. */
  readonly logFile: string;
  readonly adminPort: number;
  /** Dotted keys to values. */
  readonly settings: Readonly<Record<string, string>>;
}

const slowestStartMs = 30_000;
const stopGraceMs = 15_000;

/** One of our programs as a child process; it ends with the benchmark, by the pipe that it inherits. */
export class Program {
  readonly name: string;
  readonly pid: number;
  readonly #options: ProgramOptions;
  readonly #child: ChildProcess;

  constructor(options: ProgramOptions) {
    const { name, file, logFile, settings } = options;
    const log = openSync(logFile, 'a');
    const env = Object.fromEntries(Object.entries(settings).map(([key, value]) => [variableName(key), value]));
    this.#child = spawn(process.execPath, [...nodeFlags, file], { stdio: ['ignore', log, log, 'pipe'], env: { ...env, POSTHASTE_PARENT_FD: '3' } });
    closeSync(log);
    // The pipe breaks when the program ends; that is what its exit tells.
    this.#child.stdio[3]?.on('error', () => {});
    this.#options = options;
    this.name = name;
    this.pid = this.#child.pid ?? 0;
  }

  async whenReady(): Promise<void> {
    await eventually(() => this.#hasEnded || this.#isReady(), { timeoutMs: slowestStartMs, intervalMs: 50, describe: `${this.name} is ready` });
    if (this.#hasEnded) throw new Error(`${this.name} ended before it was ready; its last lines:\n${this.#tail()}`);
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopGraceMs);
    await ended.finally(() => clearTimeout(timer));
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #isReady(): Promise<boolean> {
    return (await fetch(`http://127.0.0.1:${this.#options.adminPort}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok;
  }

  #tail(): string {
    return readFileSync(this.#options.logFile, 'utf8').split('\n').slice(-15).join('\n');
  }
}
