import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import type { Socket } from 'node:net';
import type { Exit, Program, Running } from './program.ts';

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Answers 200 when the program can do its work. */
  readonly readyUrl: string;
  readonly stopStage: number;
  readonly onLine: (line: string) => void;
  /** Passed on as fd 4: who waits at its other end knows that this program still runs. */
  readonly alsoHolds?: Socket | undefined;
}

const slowestAnswerMs = 2_000;

/**
 * A program as a child process in a process group of its own, so that Ctrl-C in a terminal reaches the supervisor alone. Its fd 3 is a pipe whose
 * other end closes when the supervisor dies, however it does; POSTHASTE_PARENT_FD names it.
 */
export function childProgram(options: ChildOptions): Program {
  return {
    name: options.name,
    stopStage: options.stopStage,
    launch: () => launch(options),
    isReady: () => answersOk(options.readyUrl),
  };
}

async function launch(options: ChildOptions): Promise<Running> {
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', ...(options.alsoHolds ? [options.alsoHolds] : [])],
    detached: true,
    env: { ...options.env, POSTHASTE_PARENT_FD: '3' },
  });
  const lifeLine = child.stdio[3] as Socket;
  lifeLine.on('error', () => {});
  for (const output of [child.stdout, child.stderr])
    createInterface(output as Readable).on('line', (line) => void (line.trim() && options.onLine(line)));
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  const pid = child.pid ?? 0;
  return { pid, exited, kill: (signal) => kill(pid, signal) };
}

/** SIGKILL takes what the program may have started with it; any other signal is the program's own to answer. */
function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(signal === 'SIGKILL' ? -pid : pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(slowestAnswerMs) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
