import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '@posthaste/stream/server';
import { eventually } from '@posthaste/testkit';

let folder: string;
let started: ChildProcess[] = [];
let output = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-up-'));
  for (const [name, door] of [
    ['relay', 'RELAY_ADMIN'],
    ['api', 'API_ADMIN'],
    ['scheduler', 'SCHEDULER_ADMIN'],
    ['sender', 'SENDER_ADMIN'],
    ['inbox', 'INBOX_HTTP'],
  ] as const)
    writeApp(name, door);
  output = '';
});
afterEach(async () => {
  for (const child of started) child.kill('SIGKILL');
  await eventually(() => ![...pids(), natsPid()].some(isAlive));
  started = [];
  rmSync(folder, { recursive: true, force: true });
});

/** An app that answers where it would be asked whether it is ready, and says its process id, what it was told, and when it is told to end. */
function writeApp(name: string, door: string, onTerm = `process.once('SIGTERM', () => { tell('told to stop'); process.exit(0); });`): void {
  mkdirSync(join(folder, 'apps', name, 'src'), { recursive: true });
  writeFileSync(
    join(folder, 'apps', name, 'src/main.ts'),
    `import { existsSync, readFileSync } from 'node:fs';
    import { createServer } from 'node:http';
    import { exitWithParent } from ${JSON.stringify(import.meta.resolve('@posthaste/telemetry'))};
    if (process.argv.includes('--settings-in-force')) { console.log('{"settings":[],"faults":[]}'); process.exit(); }
    const tell = (msg: string, more = {}) => console.log(JSON.stringify({ level: 'info', msg, ...more }));
    const port = Number(process.env.POSTHASTE_${door}!.split(':').at(-1));
    createServer((_request, response) => response.end(existsSync(${JSON.stringify(join(folder, 'metrics'))}) ? readFileSync(${JSON.stringify(join(folder, 'metrics'))}) : '')).listen(port, '127.0.0.1', () => tell('started', { process: process.pid, port, partitions: process.env.POSTHASTE_PARTITIONS, upstreams: process.env.POSTHASTE_UPSTREAMS }));
    ${onTerm}
    exitWithParent(process.env.POSTHASTE_PARENT_FD, () => process.exit(0));`,
  );
}

function startUp(args: readonly string[]): ChildProcess {
  const script = `
    import { up } from ${JSON.stringify(import.meta.resolve('./up.ts'))};
    process.exitCode = await up(process.argv.slice(1), process.env, ${JSON.stringify(join(folder, 'apps'))}).catch((error) => { console.log(error.message); return 1; });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, '--', '--data-dir', join(folder, 'data'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  started.push(child);
  return child;
}

let lastBase = 10_000 + ((process.pid * 55) % 19_000);

/** Eleven free ports in a row, below those that the system gives to others at random. */
async function freePorts(): Promise<number> {
  for (;;) {
    lastBase = lastBase >= 30_000 ? 10_000 : lastBase + 11;
    const doors = await Promise.all(Array.from({ length: 11 }, (_, offset) => canListen(lastBase + offset)));
    if (!doors.includes(false)) return lastBase;
  }
}

function canListen(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** What the scheduler says from now on. */
const need = (senders: number) => writeFileSync(join(folder, 'metrics'), `posthaste_needed_senders{partition="0"} ${senders}\n`);
/** Where it last listened. */
const portOf = (program: string) => Number([...output.matchAll(new RegExp(` ${program} +info +started .*?port=(\\d+)`, 'g'))].at(-1)?.[1]);
const pids = (): number[] => [...output.matchAll(/process=(\d+)/g)].map((match) => Number(match[1]));
const natsPid = (): number => Number(readFileSync(join(folder, 'data/nats/nats-server.pid'), 'utf8') || NaN);
const ready = () => eventually(() => output.includes('Posthaste is ready.'), { timeoutMs: 25_000, describe: `it is ready; it said: ${output}` });

describe('posthaste up', () => {
  it('brings all up, says what to try with real ports, and stops in order on Ctrl-C', async () => {
    const base = await freePorts();
    const child = startUp(['--port-base', String(base)]);
    await ready();
    expect(output).toMatch(new RegExp(`native gRPC +127.0.0.1:${base + 10}\n`));
    expect(output).toContain(`swaks --server 127.0.0.1:${base} `);
    expect(output).toContain(`curl -si http://127.0.0.1:${base + 1}/v1/messages`);
    expect(output).toContain(`status <id> --endpoint http://127.0.0.1:${base + 1}`);
    expect(output).toContain(`curl -s http://127.0.0.1:${base + 3}/api/v2/messages`);
    expect(output).toContain(`upstreams="main=smtp://127.0.0.1:${base + 2}"`);
    const all = [...pids(), natsPid()];
    expect(all.filter(isAlive)).toHaveLength(6);
    // Twice, as a terminal and a package manager send it.
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect([...output.matchAll(/(\w+) stopped \(exit code 0\)/g)].map((match) => match[1])).toEqual([
      'relay',
      'sender',
      'scheduler',
      'api',
      'inbox',
      'nats',
    ]);
    expect(all.filter(isAlive)).toEqual([]);
  });

  it('leaves nothing behind when it is killed, and starts again on the same folder and ports at once', async () => {
    const args = ['--port-base', String(await freePorts())];
    const first = startUp(args);
    await ready();
    const all = [...pids(), natsPid()];
    first.kill('SIGKILL');
    await eventually(() => !all.some(isAlive));
    expect(readFileSync(join(folder, 'data/nats/nats-server.log'), 'utf8')).toContain('Server Exiting');
    output = '';
    startUp(args).once('exit', () => (output += 'ended'));
    await ready();
  });

  it('stops at once on a second Ctrl-C', async () => {
    writeApp('sender', 'SENDER_ADMIN', `process.on('SIGTERM', () => {});`);
    const child = startUp(['--port-base', String(await freePorts())]);
    await ready();
    const all = [...pids(), natsPid()];
    child.kill('SIGINT');
    await eventually(() => output.includes('relay stopped'));
    await eventually(() => {
      child.kill('SIGINT');
      return child.exitCode === 130;
    });
    await eventually(() => !all.some(isAlive));
  });

  it('starts a killed program again', async () => {
    startUp(['--port-base', String(await freePorts())]);
    await ready();
    const nats = natsPid();
    process.kill(nats, 'SIGKILL');
    await eventually(() => output.includes('nats ended with SIGKILL; it is started again in 1 s'));
    await eventually(() => natsPid() !== nats && isAlive(natsPid()));
  });

  it('has as many senders as are needed, each with a port of its own, and ends those that are not by letting them finish', async () => {
    const base = await freePorts();
    need(1);
    startUp(['--port-base', String(base), '--senders', '2..4', '--up.growAfter', '0s', '--up.shrinkAfter', '1s']);
    await ready();
    const senders = () =>
      [...output.matchAll(/ (sender(?:-\d+)?) +info +started process=(\d+)/g)].filter((match) => isAlive(Number(match[2]))).map((match) => match[1]);
    expect(new Set(senders())).toEqual(new Set(['sender', 'sender-2']));
    need(9);
    await eventually(() => senders().length === 4);
    const ports = ['', '-2', '-3', '-4'].map((number) => portOf(`sender${number}`));
    expect(new Set([...ports, base + 10]).size).toBe(5);
    need(3);
    await eventually(() => senders().length === 3);
    expect(new Set(senders())).toEqual(new Set(['sender', 'sender-2', 'sender-3']));
    await eventually(() => output.includes('sender-4 stopped (exit code 0)'));
    expect(output).toMatch(/sender-4 +info +told to stop/);
    expect(output).not.toContain('is started again');
    need(4);
    await eventually(() => senders().length === 4);
    expect(portOf('sender-4')).toBe(ports[3]);
  });

  it('divides mail over several schedulers, each with ports of its own', async () => {
    const base = await freePorts();
    startUp(['--port-base', String(base), '--partitions', '4', '--schedulers', '3']);
    await ready();
    const ports = ['', '-2', '-3'].map((number) => portOf(`scheduler${number}`));
    expect(new Set([...ports, portOf('sender')]).size).toBe(4);
    for (const program of ['scheduler-3', 'sender', 'relay', 'api']) expect(output).toMatch(new RegExp(` ${program} +info +started .*partitions=4`));
    expect(output).toContain('3, for 4 partitions');
  });

  it('delivers to the smart host that is given, and starts no inbox then', async () => {
    startUp(['--port-base', String(await freePorts()), '--upstream', 'smtp://u:secret@mail.example:587', '--log.level', 'debug']);
    await ready();
    expect(output).toContain('upstreams="main=smtp://u:secret@mail.example:587"');
    expect(output).not.toContain('/api/v2/messages');
    expect(output).toMatch(/up\.upstream +smtp:\/\/u:\*\*\*@mail\.example:587/);
  });

  it('starts nothing when a port is taken or the folder is in use', async () => {
    const base = await freePorts();
    const blocker = createServer().listen(base + 1, '127.0.0.1');
    await once(blocker, 'listening');
    const blocked = startUp(['--port-base', String(base)]);
    expect(await once(blocked, 'exit')).toEqual([1, null]);
    blocker.close();
    expect(output).toContain(
      `api cannot listen on 127.0.0.1:${base + 1}: the port is taken by another program. Give it another with --api.listen=HOST:PORT`,
    );
    startUp(['--port-base', String(base)]);
    await ready();
    const second = startUp(['--port-base', String(base)]);
    expect(await once(second, 'exit')).toEqual([1, null]);
    expect(output).toMatch(/posthaste is running on .* already \(process \d+\)/);
  });
});
