import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connectStream, ensureStreams, type StreamConnection } from '@posthaste/stream';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { eventually, freePort, openDialog } from '@posthaste/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { idOf, sendMail, startNats, type Nats } from './rig.ts';

const main = new URL('main.ts', import.meta.url).pathname;

let nats: Nats;
let connection: StreamConnection;
let program: ChildProcess | undefined;

beforeAll(async () => {
  nats = await startNats();
  connection = await connectStream({ url: nats.url, name: 'test', log: silentLog, clock: systemClock });
  await ensureStreams(connection, { partition: 0, storageBytes: 0.9 * 2 ** 30 });
});

afterEach(async () => {
  if (program && program.exitCode === null && program.signalCode === null) {
    program.kill('SIGKILL');
    await once(program, 'exit');
  }
});

afterAll(async () => {
  await connection.close();
  await nats.stop();
});

async function start(flags: readonly string[] = []) {
  const [port, adminPort] = [await freePort(), await freePort()];
  const own = [`--nats.url=${nats.url}`, `--relay.listen=127.0.0.1:${port}`, `--relay.admin=127.0.0.1:${adminPort}`, '--storage.durability=fast'];
  const child = spawn(process.execPath, [main, ...own, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  program = child;
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  const exited = once(child, 'exit');
  const admin = (path: string) => fetch(`http://127.0.0.1:${adminPort}${path}`);
  return { child, admin, exited, output: () => output, dial: () => openDialog({ host: '127.0.0.1', port }) };
}

async function ready() {
  const relay = await start();
  await eventually(async () => (await relay.admin('/readyz')).ok);
  return relay;
}

const lines = (output: string) =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the program', () => {
  it('takes mail, writes it to the mail log, counts it, and ends cleanly on SIGTERM', async () => {
    const relay = await ready();
    const client = await relay.dial();
    await client.reply();
    await client.say('EHLO c');
    const id = idOf(await sendMail(client, 'Subject: secret\r\n\r\nx'));
    await eventually(() => lines(relay.output()).some((line) => line['log'] === 'mail' && line['event'] === 'accepted' && line['id'] === id));
    const metrics = await (await relay.admin('/metrics')).text();
    expect(metrics).toContain('posthaste_accepted_total{door="smtp",lane="normal"} 1');
    relay.child.kill('SIGTERM');
    expect(await client.reply()).toMatch(/^421 4\.3\.2 /);
    expect(await relay.exited).toEqual([0, null]);
    expect(relay.output()).not.toContain('secret');
  });

  it('refuses to listen where others than this machine could reach it', async () => {
    const { exited, output } = await start(['--relay.listen=0.0.0.0:2525']);
    expect(await exited).toEqual([1, null]);
    expect(output()).toMatch(/relay\.listen \(flag.*\): expected a loopback address/);
  });

  it.runIf(existsSync('/proc/self/status'))('needs no more memory for 60 MiB than for 20 MiB, and little for these', async () => {
    const relay = await ready();
    const client = await relay.dial();
    await client.reply();
    await client.say('EHLO c');
    const body = Buffer.concat([Buffer.from('Subject: large\r\n\r\n'), Buffer.alloc(20 * 2 ** 20, 'x'.repeat(70).concat('\r\n'))]);
    await sendMail(client, body);
    const before = peakMiB(relay.child.pid);
    for (let mails = 0; mails < 3; mails++) expect(idOf(await sendMail(client, body))).toMatch(/-/);
    expect(peakMiB(relay.child.pid) - before).toBeLessThan(30);
    expect(before).toBeLessThan(300);
  });
});

/** The most memory a process ever had. */
function peakMiB(pid: number | undefined): number {
  const kiB = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kiB) / 1024;
}
