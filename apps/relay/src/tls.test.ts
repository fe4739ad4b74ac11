import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { eventually, otherTestCertificate, testCertificate } from '@posthaste/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openCertificate, type Certificate } from './certificate.ts';
import type { LiveFile } from './live-file.ts';
import { certificateExpires, connectionsNow, refusalsTotal, sessionsTotal, tlsFailuresTotal } from './metrics.ts';
import { idOf, sendMail, startNats, startRig, type Nats } from './rig.ts';

let nats: Nats;
let dir: string;
let certificate: LiveFile<Certificate>;
let rig: Awaited<ReturnType<typeof startRig>>;

const at = (name: string) => join(dir, name);

function put(pair: { readonly cert: string; readonly key: string }): void {
  for (const part of ['cert', 'key'] as const) {
    writeFileSync(at('next'), pair[part]);
    renameSync(at('next'), at(part));
  }
}

beforeAll(async () => {
  nats = await startNats();
  dir = mkdtempSync(join(tmpdir(), 'posthaste-tls-'));
  put(testCertificate);
  certificate = await openCertificate({ certPath: at('cert'), keyPath: at('key') }, systemClock, silentLog, 5);
  rig = await startRig(nats, { certificate });
});

afterEach(() => rig.dismiss());

afterAll(async () => {
  certificate.close();
  await rig.stop();
  await nats.stop();
  rmSync(dir, { recursive: true });
});

const counted = async (how: string) => (await sessionsTotal.get()).values.find(({ labels }) => labels.tls === how)?.value ?? 0;

const refused = async (reason: string) => (await refusalsTotal.get()).values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
const nobodyHere = async () => (await connectionsNow.get()).values[0]?.value === 0;

describe.each(['starttls', 'implicit'] as const)('TLS, %s', (how) => {
  it('protects a whole session, and the mail says so', async () => {
    const before = await counted(how);
    const client = await rig.tlsClient(how);
    expect(idOf(await sendMail(client, 'Subject: x\r\n\r\nx'))).toMatch(/-/);
    expect((await rig.newest()).text).toMatch(/with ESMTPS id/);
    expect(await client.say('EHLO client.example')).not.toMatch(/STARTTLS/);
    expect(await client.say('STARTTLS')).toMatch(/^503 5\.5\.1 /);
    expect(await client.say('QUIT')).toMatch(/^221 /);
    await client.closed();
    expect(await counted(how)).toBe(before + 1);
  });

  it('takes a large message in pieces of any size', async () => {
    const client = await rig.tlsClient(how);
    const body = Buffer.alloc(5 * 2 ** 20, `${'x'.repeat(70)}\r\n`);
    expect(idOf(await sendMail(client, Buffer.concat([Buffer.from('Subject: x\r\n\r\n'), body])))).toMatch(/-/);
    expect((await rig.newest()).ticket.size).toBeGreaterThan(body.length);
  });

  it('is not spoken with a client that trusts another certificate', async () => {
    const failures = async () => (await tlsFailuresTotal.get()).values[0]?.value ?? 0;
    const before = await failures();
    await expect(rig.tlsClient(how, otherTestCertificate.cert)).rejects.toThrow('self-signed certificate');
    await eventually(async () => (await failures()) > before);
  });
});

describe('STARTTLS', () => {
  it('is offered before, and forgets all that was said before (RFC 3207, 4.2)', async () => {
    const client = await rig.client('');
    expect(await client.say('EHLO before.example')).toMatch(/^250-STARTTLS$/m);
    await client.say('MAIL FROM:<before@example.org>');
    expect(await client.say('STARTTLS now')).toMatch(/^501 5\.5\.4 /);
    expect(await client.say('STARTTLS')).toMatch(/^220 /);
    await client.secure(testCertificate.cert);
    expect(await client.say('RCPT TO:<b@example.net>')).toMatch(/^503 5\.5\.1 /);
    expect(await client.say('MAIL FROM:<a@example.org>')).toMatch(/^503 5\.5\.1 .*EHLO first/);
    await client.say('EHLO after.example');
    expect(idOf(await sendMail(client, 'Subject: x\r\n\r\nx'))).toMatch(/-/);
    const { ticket, text } = await rig.newest();
    expect(ticket.from).toBe('a@example.org');
    expect(text).toMatch(/^Received: from after\.example/);
  });

  it.each([1, 250])('throws away what was sent in clear behind it: %i commands', async (times) => {
    const client = await rig.client();
    const injected = 'EHLO evil.example\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nevil\r\n.\r\n';
    client.send(`STARTTLS\r\n${injected.repeat(times)}`);
    expect(await client.reply()).toMatch(/^220 /);
    await client.secure(testCertificate.cert);
    expect(await client.say('NOOP')).toMatch(/^250 /);
    expect(await client.say('DATA')).toMatch(/^503 5\.5\.1 .*EHLO first/);
    await client.say('EHLO client.example');
    expect(idOf(await sendMail(client, 'Subject: good\r\n\r\nx'))).toMatch(/-/);
    expect((await rig.newest()).ticket.from).toBe('a@example.org');
  });
});

describe('a client that does not end its handshake', () => {
  it.each(['starttls', 'implicit'] as const)('loses its place, %s, however busy it looks', async (how) => {
    await eventually(nobodyHere);
    const hasty = await startRig(nats, { certificate, handshakeTimeoutMs: 100, watchIntervalMs: 10 });
    const before = await refused('HANDSHAKE_TIMEOUT');
    const socket = connect(how === 'implicit' ? hasty.tlsAddress! : hasty.address);
    socket.on('error', () => {});
    if (how === 'starttls') {
      socket.write('EHLO c\r\nSTARTTLS\r\n');
      for await (const bytes of socket.iterator({ destroyOnReturn: false })) if (String(bytes).includes('220 2.0.0')) break;
    }
    // The head of a record of 16,384 bytes and the first of them, one byte at a time: nothing is wrong with it, it only takes long.
    const record = [0x16, 0x03, 0x01, 0x40, 0x00, 0x01, 0x00, 0x3f, 0xfc, 0x03, 0x03];
    const drip = setInterval(() => socket.write(Buffer.from([record.shift() ?? 0])), 10);
    await new Promise((resolve) => socket.once('close', resolve).resume());
    clearInterval(drip);
    await eventually(nobodyHere);
    expect(await refused('HANDSHAKE_TIMEOUT')).toBe(before + 1);
    await hasty.stop();
  });

  it('does not outlive the relay', async () => {
    const other = await startRig(nats, { certificate });
    const sockets = [other.tlsAddress!, other.address].map((address) => connect(address));
    sockets[1]?.write('EHLO c\r\nSTARTTLS\r\n');
    const gone = sockets.map(
      (socket) =>
        new Promise((resolve) =>
          socket
            .once('close', resolve)
            .on('error', () => {})
            .resume(),
        ),
    );
    await eventually(async () => ((await connectionsNow.get()).values[0]?.value ?? 0) >= 2);
    await other.stop();
    await Promise.all(gone);
  });
});

describe('a new certificate', () => {
  it('serves new sessions and leaves open ones alone; a pair that does not work is not taken', async () => {
    const open = await rig.tlsClient('starttls');
    expect((await certificateExpires.get()).values[0]?.value).toBe(certificate.current.expiresAt / 1000);
    put(otherTestCertificate);
    await eventually(() => certificate.current.cert === otherTestCertificate.cert);
    for (const how of ['starttls', 'implicit'] as const) {
      const client = await rig.tlsClient(how, otherTestCertificate.cert);
      expect(idOf(await sendMail(client, 'Subject: x\r\n\r\nx'))).toMatch(/-/);
    }
    expect(idOf(await sendMail(open, 'Subject: x\r\n\r\nx'))).toMatch(/-/);
    writeFileSync(at('cert'), 'no PEM');
    await eventually(() => certificate.fault !== undefined);
    await rig.tlsClient('implicit', otherTestCertificate.cert);
    put(testCertificate);
    await eventually(() => certificate.current.cert === testCertificate.cert);
    await rig.tlsClient('starttls');
  });
});

describe('without a certificate', () => {
  it('TLS is neither offered nor begun', async () => {
    const bare = await startRig(nats);
    const client = await bare.client('');
    expect(await client.say('EHLO c')).not.toMatch(/STARTTLS/);
    expect(await client.say('STARTTLS')).toBe('502 5.5.1 there is no TLS here');
    bare.dismiss();
    await bare.stop();
  });
});

it('TLS before version 1.2 is refused', async () => {
  const socket = connectTls({
    ...rig.tlsAddress!,
    ca: testCertificate.cert,
    ciphers: 'DEFAULT@SECLEVEL=0',
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
  });
  await expect(once(socket, 'secureConnect')).rejects.toThrow(/protocol version/);
});

it('a resumed TLS session is served too', async () => {
  const greet = (session?: Buffer) =>
    new Promise<{ session: Buffer | undefined; reused: boolean }>((resolve, reject) => {
      const socket = connectTls({
        ...rig.tlsAddress!,
        ca: testCertificate.cert,
        servername: 'localhost',
        maxVersion: 'TLSv1.2',
        ...(session && { session }),
      });
      socket.once('error', reject);
      socket.once('data', () => {
        resolve({ session: socket.getSession(), reused: socket.isSessionReused() });
        socket.destroy();
      });
    });
  const first = await greet();
  expect((await greet(first.session)).reused).toBe(true);
});
