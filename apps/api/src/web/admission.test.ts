import type { UniversalServerRequest } from '@connectrpc/connect/protocol';
import { expect, test } from 'vitest';
import { admit } from './admission.ts';
import { Room } from '../limits/room.ts';

const announced = (bytes: number, body: AsyncIterable<Uint8Array>): UniversalServerRequest => ({
  httpVersion: '1.1',
  method: 'POST',
  url: 'http://127.0.0.1/',
  header: new Headers({ 'content-type': 'application/proto', 'content-length': String(bytes) }),
  signal: new AbortController().signal,
  body,
});

async function* bodyOf(bytes: number) {
  yield new Uint8Array(bytes);
}

test('a body that says its length settles when there is room for it, and is given whole', async () => {
  const room = new Room({ bytes: 10 });
  room.force(10);
  const admission = admit(announced(6, bodyOf(6)), { room, maxBytes: 10, streams: false });
  let settled = false;
  void admission.settled.then(() => (settled = true));
  await new Promise(setImmediate);
  expect(settled).toBe(false);
  room.leave(10);
  await admission.settled;
  expect(room.bytes).toBe(6);
  for await (const bytes of admission.body) expect(bytes.length).toBe(6);
  admission.release();
  expect(room.bytes).toBe(0);
});

test('a request whose client goes in the moment in which its turn comes keeps no room', async () => {
  const room = new Room({ bytes: 10 });
  room.force(10);
  const admission = admit(announced(6, bodyOf(6)), { room, maxBytes: 10, streams: false });
  room.leave(10);
  admission.release();
  await admission.settled;
  expect(room.bytes).toBe(0);
});

test('a body of unknown length finds room piece by piece, and for all it may become once it is large; JSON counts four times', async () => {
  const room = new Room({ bytes: 2 ** 24 });
  const request = { ...announced(0, pieces(3, 100_000)), header: new Headers({ 'content-type': 'application/json' }) };
  const admission = admit(request, { room, maxBytes: 2 ** 20, streams: false });
  const held: number[] = [];
  for await (const _ of admission.body) held.push(room.bytes);
  expect(held).toEqual([400_000, 800_000, 4 * 2 ** 20]);
  admission.release();
  expect(room.bytes).toBe(0);
});

async function* pieces(count: number, bytes: number) {
  for (let number = 0; number < count; number += 1) yield new Uint8Array(bytes);
}
