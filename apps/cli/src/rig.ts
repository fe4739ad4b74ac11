import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ConnectRouter } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { compiledFolder } from '@posthaste/testkit';
import { runCommandLine } from './command-line.ts';
import { plain } from './terminal/paint.ts';

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads on standard input. Default: nothing. */
  readonly input?: string | Buffer;
  /** How the program is called. Default: main.ts itself. */
  readonly path?: string;
}

/** Runs the real command in an environment of its own. */
export async function posthaste(
  args: readonly string[],
  { env = {}, input = '', path = join(import.meta.dirname, 'main.ts') }: RunOptions = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [path, ...args], {
    stdio: 'pipe',
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: compiledFolder, ...env },
  });
  // A command that reads nothing may have gone already.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit') as Promise<[number | null]>]);
  return { code, out, err };
}

/** Runs a command in this process: for tests of many. `typed` is what a person at a terminal answers. */
export async function runHere(
  args: readonly string[],
  { env = {}, typed }: Pick<RunOptions, 'env'> & { readonly typed?: string } = {},
): Promise<Ran> {
  const lines = { out: [] as string[], err: [] as string[] };
  const stdin = Object.assign(Readable.from(typed === undefined ? [] : [typed]), { isTTY: typed !== undefined });
  const code = await runCommandLine(args, {
    env,
    stdin,
    print: (line) => void lines.out.push(`${line}\n`),
    say: (line) => void lines.err.push(`${line}\n`),
    complain: (line) => void lines.err.push(`${line}\n`),
    paint: plain,
    redraws: false,
    endWithReader: () => {},
  });
  return { code, out: lines.out.join(''), err: lines.err.join('') };
}

export interface FakeApi {
  readonly endpoint: string;
  close(): void;
}

/** An api that answers as the test says. */
export async function startFakeApi(routes: (router: ConnectRouter) => void): Promise<FakeApi> {
  const server: Http2Server = createServer(connectNodeAdapter({ routes })).listen(0, '127.0.0.1');
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  await once(server, 'listening');
  const close = () => {
    for (const session of sessions) session.destroy();
    server.close();
  };
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
