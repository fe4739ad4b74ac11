import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StatusService } from '@posthaste/protocol';
import { eventually } from '@posthaste/testkit';
import { accepted, delivered, idOf, started } from './example-mail.ts';
import { rebuildOnRequest } from './ledger-rebuild.ts';
import { startRig, type Rig } from '../rig.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig()));
afterAll(() => rig.stop());

async function serve(listener: ReturnType<typeof rebuildOnRequest>) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

test('its progress comes as lines, the last of which says what it holds', async () => {
  const id = idOf(1);
  await rig.record([accepted(id), started(id), delivered(id)]);
  const client = createClient(StatusService, createGrpcTransport({ baseUrl: rig.url }));
  await eventually(async () => (await client.listMessages({})).messages.length === 1);
  const admin = await serve(rebuildOnRequest(rig.ledger));
  const lines = (await (await fetch(admin.url, { method: 'POST' })).text()).trim().split('\n');
  expect(JSON.parse(lines.at(-1)!)).toEqual({ kind: 'done', messages: 1, tookMs: expect.any(Number) });
  expect((await client.getMessage({ id })).message?.id).toBe(id);
  admin.close();
});

test('a second one at the same time is refused, and one that fails says why', async () => {
  const gate = Promise.withResolvers<void>();
  async function* rebuild() {
    await gate.promise;
    yield { kind: 'reading', entries: 1, of: 2 } as const;
    throw new Error('the disk is full');
  }
  const admin = await serve(rebuildOnRequest({ rebuild }));
  const first = fetch(admin.url, { method: 'POST' }).then((response) => response.text());
  await eventually(async () => (await fetch(admin.url, { method: 'POST' })).status === 409);
  gate.resolve();
  expect(JSON.parse((await first).trim().split('\n').at(-1)!)).toEqual({ kind: 'failed', message: expect.stringContaining('the disk is full') });
  admin.close();
});
