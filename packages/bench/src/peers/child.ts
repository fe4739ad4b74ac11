import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { startGuardian, type Guardian } from '@posthaste/stream/server';
import { eventually } from '@posthaste/testkit';

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

const stopGraceMs = 10_000;
const slowestStartMs = 60_000;

/** A foreign server as a child process; it ends with the benchmark, however that ends. */
export class Child {
  readonly #child: ChildProcess;
  readonly #guardian: Guardian;
  readonly #logFile: string;

  constructor({ command, args, cwd, logFile, env = {} }: ChildOptions) {
    const log = openSync(logFile, 'a');
    this.#guardian = startGuardian();
    this.#child = this.#guardian.spawn(command, args, { cwd, output: log, env: { PATH: process.env['PATH'] ?? '', ...env } });
    closeSync(log);
    this.#logFile = logFile;
  }

  async whenListening(port: number): Promise<void> {
    const isUp = async () => this.#hasEnded || (await accepts(port));
    await eventually(isUp, { timeoutMs: slowestStartMs, intervalMs: 50, describe: `port ${port} is open` });
    if (this.#hasEnded)
      throw new Error(`it ended before port ${port} was open: ${readFileSync(this.#logFile, 'utf8').trim().split('\n').slice(-3).join(' / ')}`);
  }

  async stop(): Promise<void> {
    if (!this.#hasEnded) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopGraceMs);
      await ended.finally(() => clearTimeout(timer));
    }
    this.#guardian.release();
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
