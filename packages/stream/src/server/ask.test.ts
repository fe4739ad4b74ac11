import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { askServer } from './ask.ts';
import { findNatsServer } from './find.ts';
import { startNatsServer } from './start.ts';

const patience = () => AbortSignal.timeout(5_000);

it('hears version and JetStream from a nats-server', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'posthaste-ask-'));
  const { binary, version } = await findNatsServer({ env: process.env });
  const server = await startNatsServer({ binary, dataDir, durability: 'fast' });
  try {
    expect(await askServer({ host: '127.0.0.1', port: server.port }, patience())).toEqual({ version, jetstream: true, usable: true });
  } finally {
    await server.stop();
    rmSync(dataDir, { recursive: true });
  }
});

it('tells another program from none', async () => {
  const other = createServer((socket) => socket.end('220 mail.example ESMTP\r\n')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(askServer({ host: '127.0.0.1', port }, patience())).rejects.toThrow('no nats-server');
  other.close();
  await expect(askServer({ host: '127.0.0.1', port: await freePort() }, patience())).rejects.toThrow('ECONNREFUSED');
});

it('does not wait for who says nothing', async () => {
  const mute = createServer().listen(0, '127.0.0.1');
  await once(mute, 'listening');
  await expect(askServer({ host: '127.0.0.1', port: (mute.address() as AddressInfo).port }, AbortSignal.timeout(50))).rejects.toThrow();
  mute.close();
});
