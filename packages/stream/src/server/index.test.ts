import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '@posthaste/testkit';
import { findNatsServer, isAlive, type NatsServer, startNatsServer } from './index.ts';

let binary: string;
let dataDir: string;
const started: NatsServer[] = [];

beforeAll(async () => {
  ({ binary } = await findNatsServer({ env: process.env }));
}, 300_000);
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'posthaste-nats-'));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(port = 0, log?: (line: string) => void): Promise<NatsServer> {
  const server = await startNatsServer({ binary, dataDir, port, durability: 'durable', maxFileStore: 2 ** 30, ...(log ? { log } : {}) });
  started.push(server);
  return server;
}

/** The first line that a NATS server sends: what it is and can. */
async function readInfo(port: number): Promise<Record<string, unknown>> {
  const socket = connect(port, '127.0.0.1');
  const [line] = (await once(createInterface(socket), 'line')) as [string];
  socket.destroy();
  return JSON.parse(line.replace(/^INFO /, '')) as Record<string, unknown>;
}

it('starts on a free port with JetStream on and room for large messages', async () => {
  const lines: string[] = [];
  const server = await start(0, (line) => lines.push(line));
  expect(server.url).toBe(`nats://127.0.0.1:${server.port}`);
  expect(await readInfo(server.port)).toMatchObject({ jetstream: true, max_payload: 8 * 2 ** 20, server_name: 'posthaste', host: '127.0.0.1' });
  expect(lines.some((line) => line.includes('Server is ready'))).toBe(true);
  expect(readFileSync(join(dataDir, 'nats-server.conf'), 'utf8')).toContain('sync_interval: always');
});

it('stops in order, and starts again on the same data and port after a kill', async () => {
  const first = await start();
  first.kill('SIGKILL');
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
  const second = await start(first.port);
  expect(second.port).toBe(first.port);
  expect(await second.stop()).toEqual({ code: 0, signal: null });
});

it('gives the last lines of the log when the server does not come up', async () => {
  const server = await start();
  const other = mkdtempSync(join(tmpdir(), 'posthaste-nats-'));
  const failure = startNatsServer({ binary, dataDir: other, port: server.port, durability: 'fast' });
  await expect(failure).rejects.toThrow(/nats-server ended at once with code 1; its last lines:[^]*address already in use/);
  await expect(startNatsServer({ binary: '/none', dataDir: other, durability: 'fast' })).rejects.toThrow(/cannot be started: .*ENOENT/);
  rmSync(other, { recursive: true, force: true });
});

it('does not outlive the process that started it, and closes its store in good order', async () => {
  const script = `
    const { startNatsServer } = await import(${JSON.stringify(import.meta.resolve('./index.ts'))});
    const server = await startNatsServer(${JSON.stringify({ binary, dataDir, durability: 'durable', detached: true })});
    console.log(server.pid);`;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(starter.stdout), 'line')) as [string];
  const pid = Number(line);
  expect(isAlive(pid)).toBe(true);
  starter.kill('SIGKILL');
  await eventually(() => !isAlive(pid));
  expect(readFileSync(join(dataDir, 'nats-server.log'), 'utf8')).toContain('Server Exiting');
});
