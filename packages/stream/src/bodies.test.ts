import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chunkBytes, createChunkWriter, readChunks, removeChunks, writeChunks } from './bodies.ts';
import { streamState } from './direct.ts';
import { bodiesStream, bodySubject } from './layout.ts';
import type { Publisher } from './publisher.ts';
import { startTestbed, type Testbed } from './testbed/index.ts';

let testbed: Testbed;
let publisher: Publisher;
beforeAll(async () => {
  testbed = await startTestbed();
  publisher = testbed.publisher(testbed.direct);
});
afterAll(() => testbed.close());

const size = 3 * 2 ** 20 + 17;
const body = Buffer.from(Array.from({ length: size }, (_, index) => (index * 7919) % 251));
const digest = createHash('sha256').update(body).digest('hex');

async function* inPieces(of: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < body.length; at += of) yield body.subarray(at, at + of);
}

async function read(id: string, count: number, expected: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readChunks(testbed.direct, 0, id, count, expected)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

it.each([1_000, 64 * 1024, 2 ** 20, size])('brings 3 MiB back byte for byte when written in pieces of %i', async (pieceBytes) => {
  const id = `whole-${pieceBytes}`;
  const written = await writeChunks(publisher, 0, id, inPieces(pieceBytes));
  expect(written).toEqual({ count: 7, digest, size });
  expect((await read(id, 7, digest)).equals(body)).toBe(true);
});

it('writes an empty body as no chunk at all', async () => {
  const { count, digest: empty } = await createChunkWriter(publisher, 0, 'empty').end();
  expect(count).toBe(0);
  expect(await read('empty', 0, empty)).toHaveLength(0);
});

it('gives the bytes of the last writer when a body is written again under its id', async () => {
  await writeChunks(publisher, 0, 'again', inPieces(2 ** 20));
  const other = createChunkWriter(publisher, 0, 'again');
  await other.write(body.subarray(1));
  const { count, digest: second } = await other.end();
  expect((await read('again', count, second)).equals(body.subarray(1))).toBe(true);
});

it('writes more bodies side by side than there is room for', async () => {
  const cramped = testbed.publisher(testbed.direct, { maxPendingBytes: 2 ** 20 });
  const written = await Promise.all(Array.from({ length: 6 }, (_, number) => writeChunks(cramped, 0, `beside-${number}`, inPieces(2 ** 20))));
  for (const [number, { count }] of written.entries()) expect((await read(`beside-${number}`, count, digest)).equals(body)).toBe(true);
});

it('gives a body to a hundred readers at once without the server cutting the connection', async () => {
  const part = body.subarray(0, 2 ** 21);
  const writer = createChunkWriter(publisher, 0, 'popular');
  await writer.write(part);
  const { count, digest: expected } = await writer.end();
  let cuts = 0;
  const stop = testbed.direct.onCut(() => (cuts += 1));
  const isRight = async () => (await read('popular', count, expected)).equals(part);
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, isRight));
  stop();
  expect(outcomes).toEqual(Array.from({ length: 100 }, () => ({ status: 'fulfilled', value: true })));
  expect(cuts).toBe(0);
  await removeChunks(testbed.direct, 0, 'popular');
});

it('leaves room for others when readers give up in the middle', async () => {
  await writeChunks(publisher, 0, 'given-up', inPieces(2 ** 20));
  const giveUp = async () => {
    for await (const chunk of readChunks(testbed.direct, 0, 'given-up', 7, digest)) return chunk.length;
    return 0;
  };
  expect(await Promise.all(Array.from({ length: 50 }, giveUp))).toEqual(Array.from({ length: 50 }, () => chunkBytes));
  expect((await read('given-up', 7, digest)).equals(body)).toBe(true);
  await removeChunks(testbed.direct, 0, 'given-up');
});

it('rejects with the reason of a signal', async () => {
  const signal = AbortSignal.abort(new Error('the call is over'));
  await expect(readChunks(testbed.direct, 0, 'any', 7, digest, signal)[Symbol.asyncIterator]().next()).rejects.toThrow('the call is over');
});

it('says BROKEN at the end when the digest is wrong', async () => {
  await writeChunks(publisher, 0, 'damaged', inPieces(2 ** 20));
  await publisher.publish({
    stream: bodiesStream,
    subject: bodySubject(0, 'damaged', 3),
    messageId: 'other',
    headers: {},
    body: Buffer.from('other bytes'),
  });
  await expect(read('damaged', 7, digest)).rejects.toMatchObject({ code: 'BROKEN' });
});

it('says NOT_FOUND for a chunk that is not there', async () => {
  await writeChunks(publisher, 0, 'short', inPieces(2 ** 20));
  await expect(read('short', 8, digest)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('removes the chunks of one body and no others', async () => {
  await writeChunks(publisher, 0, 'stays', inPieces(2 ** 20));
  const before = await streamState(testbed.direct, bodiesStream);
  await writeChunks(publisher, 0, 'goes', inPieces(2 ** 20));
  await removeChunks(testbed.direct, 0, 'goes');
  expect((await streamState(testbed.direct, bodiesStream)).messages).toBe(before.messages);
  expect((await read('stays', 7, digest)).equals(body)).toBe(true);
  await expect(read('goes', 7, digest)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
