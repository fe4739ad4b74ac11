import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * Ends nats-server after this process is gone, however it went. nats-server cannot watch a parent itself, so a shell of a megabyte does:
 * it blocks on a pipe that ends when nobody holds it any more. Programs that hold the pipe too are outlived by nats-server, which they need
 * to finish their work.
 */
export interface Guardian {
  /** For the `stdio` of a child process: while the child lives, nats-server is left alone. */
  readonly pipe: Socket;
  readonly pid: number;
  /** Starts what this is to end; one at a time. A command that cannot be started ends at once with code 126 or 127. */
  spawn(command: string, args: readonly string[], options: GuardedOptions): ChildProcess;
  /** Ends the guardian itself, and with it what it guards. */
  release(): void;
}

export interface GuardedOptions {
  /** The file that takes what it says. */
  readonly output: number;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A process group of its own. */
  readonly detached?: boolean;
}

/**
 * Says its process id to the guardian, and only then becomes the command: were its starter the one to say it, being killed just before that would leave
 * a server behind that nobody ends.
 */
const announced = `trap '' PIPE; echo $$ >&3; trap - PIPE; exec "$@" 3>&-`;

/**
 * The last line read names the process. SIGTERM lets nats-server sync and close its stores; after 30 s it has had its chance. Where there is a
 * /proc it tells whether the process lives, because to `kill -0` one that nobody buried seems alive for ever.
 */
const script = `
while read -r line; do pid=$line; done
[ -n "$pid" ] || exit 0
lives() { if [ -d /proc/self ]; then [ -e "/proc/$pid/exe" ]; else kill -0 "$pid" 2>/dev/null; fi; }
kill -TERM "$pid" 2>/dev/null
waited=0
while lives && [ "$waited" -lt 300 ]; do sleep 0.1; waited=$((waited + 1)); done
lives && kill -KILL "$pid"
exit 0`;

export function startGuardian(): Guardian {
  // A process group of its own: what ends the starter's group must not end this.
  const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env: { PATH: '/usr/bin:/bin' } });
  const pipe = shell.stdin as Socket;
  if (shell.pid === undefined) throw new Error('the guardian of nats-server cannot be started: there is no /bin/sh');
  shell.unref();
  pipe.unref();
  // The shell being killed is no reason to fall: nats-server is then only ended in the ordinary ways.
  pipe.on('error', () => {});
  return {
    pipe,
    pid: shell.pid,
    spawn(command, args, { output, ...options }) {
      const child = spawn('/bin/sh', ['-c', announced, 'sh', command, ...args], {
        ...options,
        stdio: ['ignore', output, output, pipe.destroyed ? 'ignore' : pipe],
      });
      child.once('exit', () => void pipe.write('\n'));
      return child;
    },
    release: () => pipe.destroy(),
  };
}
