import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { systemClock } from '@posthaste/telemetry';
import { freePort, startFakeUpstream, testCertificate } from '@posthaste/testkit';
import { afterEach, expect, it } from 'vitest';
import { targetOf } from './rig.ts';
import { openSession } from './smtp-upstream.ts';

/** Reaches this machine and is not one of its own names: an upstream somewhere else, as far as the policy can tell. */
const elsewhere = '0.0.0.0';
const auth = { user: 'shop', pass: 'hunter2' };
const trusted = getCACertificates();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open(upstream: unknown): Promise<void> {
  const session = await openSession(targetOf(upstream), { clock: systemClock });
  await session.wire.quit();
}

const refusal = (upstream: unknown) =>
  open(upstream).then(
    () => '',
    (error: unknown) => (error as Error).message,
  );

async function startSecured(implicit = false) {
  const upstream = await startFakeUpstream({ auth, tls: { ...testCertificate, implicit } });
  cleanups.push(() => upstream.close());
  return upstream.port;
}

function trustTestCertificate(): void {
  setDefaultCACertificates([...trusted, testCertificate.cert]);
  cleanups.push(() => setDefaultCACertificates(trusted));
}

/** An upstream without TLS. Answers each command by the first pattern that fits, and writes down what it hears. */
async function startPlain(answers: readonly (readonly [RegExp, string])[] = []) {
  const heard: string[] = [];
  const all = [...answers, [/^EHLO/, '250-plain\r\n250 AUTH PLAIN LOGIN'], [/^AUTH/, '235 2.7.0 Welcome'], [/./, '502 5.5.1 What?']] as const;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('220 plain\r\n');
    createInterface(socket)
      .on('error', () => {})
      .on('line', (line) => {
        heard.push(line);
        socket.write(`${all.find(([pattern]) => pattern.test(line))?.[1]}\r\n`);
      });
    cleanups.push(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return { heard, port: (server.address() as AddressInfo).port };
}

const login = `${auth.user}:${auth.pass}@`;

it.each(['', '?tls=required', '?tls=opportunistic'])('tells its password to no upstream without TLS, by the policy %o', async (query) => {
  const { heard, port } = await startPlain();
  expect(await refusal(`smtp://${login}${elsewhere}:${port}${query}`)).toMatch(
    /offers no STARTTLS, and .* not? .*sent in clear text: check the port, or set tls.mode|offers no STARTTLS, and nothing is sent in clear text/,
  );
  expect(heard.join('\n')).not.toMatch(/AUTH|MAIL/);
});

it('tells its password in clear where that was written down, and to this machine', async () => {
  const { heard, port } = await startPlain();
  await open(`smtp://${login}${elsewhere}:${port}?tls=none`);
  await open(`smtp://${login}127.0.0.1:${port}`);
  expect(heard.filter((line) => line.startsWith('AUTH')).length).toBe(2);
});

it('sends nothing in clear text where TLS is required, password or not', async () => {
  const { heard, port } = await startPlain();
  expect(await refusal(`smtp://127.0.0.1:${port}?tls=required`)).toContain('offers no STARTTLS, and nothing is sent in clear text');
  expect(heard.map((line) => line.split(' ', 1)[0])).toEqual(['EHLO', 'STARTTLS']);
});

it('wants a trusted certificate for its password also where TLS is opportunistic', async () => {
  const port = await startSecured();
  expect(await refusal(`smtp://${login}${elsewhere}:${port}?tls=opportunistic`)).toContain('name its authority in tls.ca');
  await open(`smtp://${login}${elsewhere}:${port}?tls=opportunistic&verify=false`);
});

it('trusts the authority that it is given, for STARTTLS and for TLS from the first byte', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-tls-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, testCertificate.cert);
  for (const [mode, implicit] of [
    ['required', false],
    ['implicit', true],
  ] as const)
    await open({ host: 'localhost', port: await startSecured(implicit), user: auth.user, password: auth.pass, tls: { mode, ca, verify: true } });
});

it.each([
  ['required', false],
  ['implicit', true],
] as const)('checks the name of the certificate, TLS %s', async (mode, implicit) => {
  trustTestCertificate();
  const port = await startSecured(implicit);
  const upstream = { host: elsewhere, port, user: auth.user, password: auth.pass };
  expect(await refusal({ ...upstream, tls: { mode } })).toContain(
    'the certificate is not for 0.0.0.0: set host or tls.servername to a name that it is for',
  );
  await open({ ...upstream, tls: { mode, servername: 'localhost' } });
  expect(await refusal({ ...upstream, tls: { mode, servername: 'mail.example' } })).toContain('the certificate is not for mail.example');
});

it('tells what is wrong with the port, the host, or the version of TLS', async () => {
  const { port } = await startPlain();
  expect(await refusal(`smtps://127.0.0.1:${port}`)).toContain(
    'does not speak TLS from the first byte: set tls.mode to required (STARTTLS), or the port to 465',
  );
  expect(await refusal(`smtp://127.0.0.1:${await freePort()}`)).toContain('check host and port, and whether it runs (ECONNREFUSED');
  expect(await refusal(`smtp://nowhere.invalid`)).toMatch(/DNS (knows no|gave no answer about) nowhere\.invalid/);
  const tls = createTlsServer({ ...testCertificate, maxVersion: 'TLSv1.2' }, (socket) => socket.on('error', () => {}).write('220 old\r\n'));
  tls.on('tlsClientError', () => {});
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  cleanups.push(() => tls.close());
  const old = { host: '127.0.0.1', port: (tls.address() as AddressInfo).port };
  expect(await refusal({ ...old, tls: { mode: 'implicit', minVersion: 1.3 } })).toContain(
    'no version of TLS in common, 1.3 or newer: see tls.minVersion',
  );
});

it('tells whose silence it was when the whole time for opening is over', async () => {
  const silent = createServer((socket) => cleanups.push(() => socket.destroy()));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  cleanups.push(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  expect(await refusal(`smtp://127.0.0.1:${port}?connect=100ms`)).toContain(`127.0.0.1:${port} did not answer within 100 ms`);
});

it('repeats no password that an upstream quotes', async () => {
  const plain = Buffer.from(`\0${auth.user}\0${auth.pass}`).toString('base64');
  const { port } = await startPlain([[/^AUTH/, `535 5.7.8 no such login: AUTH PLAIN ${plain} (${auth.pass})`]]);
  const said = await refusal(`smtp://${login}127.0.0.1:${port}`);
  expect(said).toContain('no such login: AUTH PLAIN *** (***) (the login as shop was refused: check user and password');
  expect(said).not.toContain(auth.pass);
});
