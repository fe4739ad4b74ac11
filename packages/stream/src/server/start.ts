import type { ChildProcess } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock } from '@posthaste/telemetry';
import { isAlive } from './alive.ts';
import { followLines } from './follow.ts';
import { type Guardian, startGuardian } from './guardian.ts';

export interface NatsServerOptions {
  readonly binary: string;
  /** Its store, configuration and log. One server at a time. */
  readonly dataDir: string;
  readonly host?: string;
  /** 0, the default, is any free port. */
  readonly port?: number;
  /** durable: JetStream acknowledges after fsync. fast: before, and a power cut may lose the last moments. */
  readonly durability: 'durable' | 'fast';
  /** Bytes that all streams may take together; by default three quarters of the free disk. */
  readonly maxFileStore?: number;
  /** A process group of its own, so that Ctrl-C in a terminal is left to its starter. */
  readonly detached?: boolean;
  /** Shared by several servers, or by one that is started again; by default each server has its own. */
  readonly guardian?: Guardian;
  /** Hears each line of the server's log. */
  readonly log?: (line: string) => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** SIGTERM, and SIGKILL when it has not gone after `graceMs`. */
  stop(graceMs?: number): Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
}

const slowestStartMs = 60_000;
const largestLogBytes = 10 * 2 ** 20;

/** Starts nats-server with JetStream and answers when it takes connections, its streams recovered. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const dataDir = resolve(options.dataDir);
  checkBinary(options.binary);
  mkdirSync(dataDir, { recursive: true });
  await waitForPredecessor(dataDir);
  const config = join(dataDir, 'nats-server.conf');
  writeFileSync(config, describeConfig(options, dataDir));
  const log = openLog(join(dataDir, 'nats-server.log'));
  const guardian = options.guardian ?? startGuardian();
  const child = guardian.spawn(options.binary, ['-c', config], {
    // A file, not a pipe: nats-server would die of SIGPIPE while it closes its stores after its starter is gone.
    output: log.file,
    detached: options.detached ?? false,
    // Go lets its heap grow to twice of what lives. This bound makes it collect earlier instead, so that a backlog on disk does not become memory: 283 MiB
    // at most while 100,000 mails of 10 KiB came in at 2,000/s. nats-server holds what it has read for ten seconds: of mail that comes faster and stays, more
    // lives than the bound (461 MiB at 3,900/s), and it collects without end.
    env: { GOMEMLIMIT: '270MiB' },
  });
  closeSync(log.file);
  const exited = watchExit(child).finally(() => {
    if (!options.guardian) guardian.release();
  });
  const port = await waitUntilReady(child, exited, log, options.log);
  return serverOf(child, exited, options.host ?? '127.0.0.1', port);
}

function checkBinary(path: string): void {
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    throw failure(`cannot be started: ${String(error)}`, []);
  }
}

function describeConfig(options: NatsServerOptions, dataDir: string): string {
  const { host = '127.0.0.1', port = 0, durability, maxFileStore } = options;
  const quote = (text: string) => JSON.stringify(text);
  return [
    `server_name: posthaste`,
    // To nats-server 0 means its default port, and -1 any free one.
    `listen: ${quote(`${host.includes(':') ? `[${host}]` : host}:${port === 0 ? -1 : port}`)}`,
    `pid_file: ${quote(pidFile(dataDir))}`,
    // Room for a body of 512 KiB as one message, and for atomic batches of small ones.
    `max_payload: ${8 * 2 ** 20}`,
    `jetstream {`,
    `  store_dir: ${quote(dataDir)}`,
    ...(durability === 'durable' ? [`  sync_interval: always`] : []),
    ...(maxFileStore === undefined ? [] : [`  max_file_store: ${maxFileStore}`]),
    `}`,
    ``,
  ].join('\n');
}

function pidFile(dataDir: string): string {
  return join(dataDir, 'nats-server.pid');
}

/** Two servers on one store would destroy it. One whose starter was killed takes a moment to close it: that is waited for. */
async function waitForPredecessor(dataDir: string): Promise<void> {
  const end = systemClock.monotonic() + 30_000;
  for (let pid = runningPid(dataDir); pid !== undefined; pid = runningPid(dataDir)) {
    if (systemClock.monotonic() > end) {
      throw new Error(`the data folder ${dataDir} is in use by nats-server with process id ${pid}: stop that one, or choose another folder`);
    }
    await systemClock.sleep(50);
  }
}

/** The process that uses this store. A pid alone may have gone to another program since, so where /proc tells, it must be ours by its arguments. */
function runningPid(dataDir: string): number | undefined {
  const pid = existsSync(pidFile(dataDir)) ? Number(readFileSync(pidFile(dataDir), 'utf8')) : 0;
  if (!(pid > 0) || !isAlive(pid)) return undefined;
  if (!existsSync('/proc/self/cmdline')) return pid;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(dataDir, 'nats-server.conf')) ? pid : undefined;
  } catch {
    return undefined;
  }
}

interface Log {
  readonly path: string;
  readonly file: number;
  /** Where this run's lines begin. */
  readonly offset: number;
}

/** Appends to the log of earlier runs; a large one makes room, and is kept once. */
function openLog(path: string): Log {
  const size = existsSync(path) ? statSync(path).size : 0;
  if (size > largestLogBytes) renameSync(path, `${path}.1`);
  return { path, file: openSync(path, 'a'), offset: size > largestLogBytes ? 0 : size };
}

function watchExit(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', reject);
  });
}

/** Answers the port. The server says that it is ready when JetStream has recovered its streams and the listener is open. */
function waitUntilReady(child: ChildProcess, exited: Promise<Exit>, log: Log, onLine: (line: string) => void = () => {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const lastLines: string[] = [];
    let port = 0;
    const follower = followLines(log.path, log.offset, (line) => {
      onLine(line);
      if (lastLines.push(line) > 15) lastLines.shift();
      port = Number(/Listening for client connections on .*:(\d+)/.exec(line)?.[1] ?? port);
      if (line.endsWith('Server is ready')) settle(() => resolve(port));
    });
    const timer = setTimeout(
      () =>
        settle(() => {
          child.kill('SIGKILL');
          reject(failure(`did not become ready within ${slowestStartMs / 1000} s`, lastLines));
        }),
      slowestStartMs,
    );
    const settle = (act: () => void) => {
      clearTimeout(timer);
      act();
    };
    const onExit = (how: string) => {
      follower.stop();
      settle(() => reject(failure(how, lastLines)));
    };
    exited.then(
      ({ code, signal }) => onExit(`ended at once with ${signal ?? `code ${code}`}`),
      (error: unknown) => onExit(`cannot be started: ${String(error)}`),
    );
  });
}

function failure(how: string, lastLines: readonly string[]): Error {
  return new Error(`nats-server ${how}${lastLines.length > 0 ? `; its last lines:\n${lastLines.join('\n')}` : ''}`);
}

function serverOf(child: ChildProcess, exited: Promise<Exit>, host: string, port: number): NatsServer {
  return {
    url: `nats://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    pid: child.pid ?? 0,
    exited,
    kill: (signal) => void child.kill(signal),
    async stop(graceMs = 10_000) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      return exited.finally(() => clearTimeout(timer));
    },
  };
}
