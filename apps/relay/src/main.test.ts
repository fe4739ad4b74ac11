import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectStream, ensureStreams, type StreamConnection } from '@posthaste/stream';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { eventually, freePort, openDialog, otherTestCertificate, testCertificate } from '@posthaste/testkit';
import { hashPassword } from '@posthaste/users';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { idOf, sendMail, startNats, type Nats } from './rig.ts';

const main = new URL('main.ts', import.meta.url).pathname;

let nats: Nats;
let dir: string;
let connection: StreamConnection;
let program: ChildProcess | undefined;

beforeAll(async () => {
  nats = await startNats();
  dir = mkdtempSync(join(tmpdir(), 'posthaste-main-'));
  connection = await connectStream({ url: nats.url, name: 'test', log: silentLog, clock: systemClock });
  await ensureStreams(connection, { storageBytes: 3.6 * 2 ** 30 });
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
  rmSync(dir, { recursive: true });
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

/** A file of this name with this content; its path. */
function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

async function ready(flags: readonly string[] = []) {
  const relay = await start(flags);
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

  it('refuses to listen where others than this machine could reach it, unless somebody wrote who may', async () => {
    const { exited, output } = await start(['--relay.listen=0.0.0.0:2525']);
    expect(await exited).toEqual([1, null]);
    expect(output()).toMatch(/relay\.listen \(flag.*\): expected a loopback address, or relay\.users/);
  });

  it('does not start with files that it cannot take', async () => {
    const gone = await start(['--relay.users=/nowhere/users.yaml']);
    expect(await gone.exited).toEqual([1, null]);
    expect(gone.output()).toMatch(
      /relay: relay\.users \(\/nowhere\/users\.yaml\): the users file \/nowhere\/users\.yaml cannot be read; caused by: ENOENT/,
    );
    const wrong = await start([`--relay.tlsCert=${file('cert', testCertificate.cert)}`, `--relay.tlsKey=${file('key', otherTestCertificate.key)}`]);
    expect(await wrong.exited).toEqual([1, null]);
    expect(wrong.output()).toMatch(/relay: relay\.tlsCert, relay\.tlsKey: the key in .*key does not belong to the certificate in .*cert/);
  });

  it('speaks TLS on both ports, logs users in, and reads the files anew on SIGHUP', async () => {
    const users = (password: string) => file('users', JSON.stringify({ users: [{ name: 'shop', password, tenant: 'shop' }] }));
    const port = await freePort();
    const relay = await ready([
      `--relay.users=${users(await hashPassword('old'))}`,
      `--relay.tlsCert=${file('cert', testCertificate.cert)}`,
      `--relay.tlsKey=${file('key', testCertificate.key)}`,
      `--relay.listenTls=127.0.0.1:${port}`,
      '--relay.trustedNetworks=none',
      '--relay.failedLoginDelay=1ms',
    ]);
    const client = await openDialog({ host: '127.0.0.1', port });
    await client.secure(testCertificate.cert);
    await client.reply();
    await client.say('EHLO c');
    users(await hashPassword('new'));
    relay.child.kill('SIGHUP');
    const logIn = (password: string) => client.say(`AUTH PLAIN ${Buffer.from(`\0shop\0${password}`).toString('base64')}`);
    await eventually(() => relay.output().includes('users: read anew'));
    expect(await logIn('old')).toMatch(/^535 /);
    expect(await logIn('new')).toMatch(/^235 /);
    const id = idOf(await sendMail(client, 'Subject: x\r\n\r\nx'));
    await eventually(() => lines(relay.output()).some((line) => line['id'] === id && line['user'] === 'shop' && line['tenant'] === 'shop'));
    const metrics = await (await relay.admin('/metrics')).text();
    expect(metrics).toMatch(/posthaste_relay_certificate_expires_timestamp_seconds \d{10}\n/);
    expect(metrics).toContain('posthaste_relay_refusals_total{reason="LOGIN_WRONG"} 1');
    expect(relay.output()).not.toMatch(/argon2id|c2hvc|AHNob3A/);
  });

  it.runIf(existsSync('/proc/self/status'))('needs hardly more memory for 200 MiB, mail by mail, than for 20 MiB', async () => {
    const relay = await ready();
    const client = await relay.dial();
    await client.reply();
    await client.say('EHLO c');
    const body = Buffer.concat([Buffer.from('Subject: large\r\n\r\n'), Buffer.alloc(20 * 2 ** 20, 'x'.repeat(70).concat('\r\n'))]);
    await sendMail(client, body);
    const before = peakMiB(relay.child.pid);
    for (let mails = 0; mails < 10; mails++) expect(idOf(await sendMail(client, body))).toMatch(/-/);
    expect(peakMiB(relay.child.pid) - before).toBeLessThan(100);
    expect(before).toBeLessThan(300);
  });
});

/** The most memory a process ever had. */
function peakMiB(pid: number | undefined): number {
  const kiB = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kiB) / 1024;
}
