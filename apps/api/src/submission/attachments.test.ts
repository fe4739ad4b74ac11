import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { decodeTicket } from '@posthaste/core';
import { SubmissionService } from '@posthaste/protocol';
import { chunkBytes, createPublisher, mailStream, readChunks, readLast, removeChunks, ticketHeader } from '@posthaste/stream';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { ManualClock } from '@posthaste/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeReference, encodeReference } from './attachment-reference.ts';
import { createAttachments, type Attachments } from './attachments.ts';
import { readByPostalMime } from '../mime/testbed/readers.ts';
import { refusalOf, startRig, type Rig } from '../rig.ts';

let rig: Rig;
let clock: ManualClock;
let attachments: Attachments;
beforeAll(async () => {
  rig = await startRig({ limits: { maxBytes: 4 * 2 ** 20 } });
  clock = new ManualClock();
  const publisher = createPublisher(rig.connection, { clock: systemClock, log: silentLog, mode: 'fast', retryForMs: 300 });
  attachments = createAttachments({
    publisher,
    connection: rig.connection,
    fill: { blocked: () => null, ratio: 0, close() {} },
    clock,
    maxBytes: 4 * 2 ** 20,
  });
});
afterAll(() => rig.stop());
beforeEach(() => void (rig.full.stream = null));

const { signal } = new AbortController();
const fileOf = (size: number) => Buffer.from(Array.from({ length: size }, (_, index) => (index * 7919) % 251));

async function read(reference: string): Promise<Buffer> {
  const [content] = attachments.contents([{ reference, content: new Uint8Array(0) }], signal);
  if (content instanceof Uint8Array || content === undefined) throw new Error('it is not a stored file');
  const pieces: Uint8Array[] = [];
  for await (const piece of content.read()) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('a stored file', () => {
  test.each([1, 1000, chunkBytes, 2 * chunkBytes + 17])('of %i bytes comes back as it was', async (size) => {
    const file = fileOf(size);
    const stored = await attachments.store(file);
    expect(stored).toMatchObject({ size, expiresAt: clock.now() + 30 * 60_000 });
    expect((await read(stored.reference)).equals(file)).toBe(true);
  });

  test('can be named for 30 minutes, and no longer', async () => {
    const { reference } = await attachments.store(fileOf(10));
    await clock.advance(30 * 60_000 - 1);
    expect(await read(reference)).toHaveLength(10);
    await clock.advance(1);
    expect(await refusalOf(read(reference))).toMatchObject({ reason: 'ATTACHMENT_NOT_FOUND', fields: [{ field: 'attachments[0].reference' }] });
  });

  test('that is gone is not found', async () => {
    const { reference } = await attachments.store(fileOf(10));
    await removeChunks(rig.connection, 0, decodeReference(reference)?.id ?? '');
    expect(await refusalOf(read(reference))).toMatchObject({ code: 'FailedPrecondition', reason: 'ATTACHMENT_NOT_FOUND' });
  });

  test('that would not fit a message is refused with both sizes', async () => {
    const refused = await refusalOf(attachments.store(Buffer.alloc(4 * 2 ** 20)));
    expect(refused).toMatchObject({ code: 'InvalidArgument', reason: 'MESSAGE_TOO_LARGE', metadata: { limit_bytes: '4194304' } });
    expect(refused.message).toContain('content is 4194304 bytes, which takes 5739578 in a message; expected at most 4194304');
  });
});

describe('a reference', () => {
  test('that was changed anywhere gives nothing away', async () => {
    const { reference } = await attachments.store(fileOf(1000));
    const bytes = Buffer.from(reference, 'base64url');
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const forged = Buffer.from(bytes);
        forged[at]! ^= change;
        expect(await refusalOf(readLater(forged.toString('base64url')))).toMatchObject({ reason: 'ATTACHMENT_NOT_FOUND' });
      }),
      { numRuns: 300 },
    );
  });

  test('to the body of a mail, whose id is known, gives nothing away', async () => {
    const client = createClient(SubmissionService, createGrpcTransport({ baseUrl: rig.url }));
    const request = { from: 'a@example.org', to: ['b@example.net'], text: 'secret\n'.repeat(100_000) };
    const { id } = await client.submit({ ...request, tenant: 'secret' });
    const { header } = await readLast(rig.connection, mailStream(0, 'normal'), 'mail.0.normal.secret');
    const { size, chunked } = decodeTicket(header(ticketHeader) ?? '');
    const naming = (digest: string) => client.submit({ ...request, attachments: [{ reference: encodeReference({ id, size, digest }) }] });
    expect(await refusalOf(naming('00'.repeat(32)))).toMatchObject({ reason: 'ATTACHMENT_NOT_FOUND' });
    // Whoever knows the digest has seen the mail.
    await expect(naming(chunked?.digest ?? '')).resolves.toBeDefined();
  });

  test.each(['x', 'é', 'AQ', 'A'.repeat(1000), 'body.0.*'])('that was never given, as %s, is not found', async (reference) => {
    const refused = await refusalOf(read(reference));
    expect(refused).toMatchObject({ code: 'FailedPrecondition', reason: 'ATTACHMENT_NOT_FOUND' });
    expect(refused.message).toContain('attachments[0].reference: is none that UploadAttachment gave');
  });
});

async function readLater(reference: string): Promise<Buffer> {
  return read(reference);
}

describe('by the calls', () => {
  const client = () => createClient(SubmissionService, createGrpcTransport({ baseUrl: rig.url }));
  const request = { from: 'a@example.org', to: ['b@example.net'], text: 'see below' };

  async function storedMail(tenant: string) {
    const { header, body } = await readLast(rig.connection, mailStream(0, 'normal'), `mail.0.normal.${tenant}`);
    const { id, chunked } = decodeTicket(header(ticketHeader) ?? '');
    const pieces: Uint8Array[] = [body];
    if (chunked) for await (const piece of readChunks(rig.connection, 0, id, chunked.count, chunked.digest)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  test.each([1000, chunkBytes + 1])('a file of %i bytes is uploaded once and named by several messages, beside others', async (size) => {
    const file = fileOf(size);
    const { reference, expiresAt, sizeBytes } = await client().uploadAttachment({ content: file });
    expect([Number(sizeBytes), expiresAt !== undefined]).toEqual([size, true]);
    for (const tenant of ['one', 'two']) {
      const attachments = [
        { filename: 'here.txt', content: Buffer.from('at hand') },
        { filename: 'there.bin', reference },
      ];
      await client().submit({ ...request, tenant, attachments });
      const { files, text } = await readByPostalMime(await storedMail(tenant));
      expect(text.trim()).toBe('see below');
      expect(files.map(({ filename, content }) => [filename, content])).toEqual([
        ['here.txt', Buffer.from('at hand').toString('base64')],
        ['there.bin', file.toString('base64')],
      ]);
    }
  });

  test('REST takes base64 and answers 201', async () => {
    const body = JSON.stringify({ content: Buffer.from('hello').toString('base64') });
    const response = await fetch(`${rig.url}/v1/attachments`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(response.status).toBe(201);
    const { reference, sizeBytes } = (await response.json()) as { reference: string; sizeBytes: string };
    expect(sizeBytes).toBe('5');
    await expect(client().submit({ ...request, attachments: [{ reference }] })).resolves.toMatchObject({ id: expect.any(String) });
  });

  test('a reference that is not there refuses the message and names itself', async () => {
    const { reference } = await client().uploadAttachment({ content: fileOf(10) });
    await removeChunks(rig.connection, 0, decodeReference(reference)?.id ?? '');
    const refused = await refusalOf(client().submit({ ...request, attachments: [{ content: Buffer.from('x') }, { reference }] }));
    expect(refused).toMatchObject({ code: 'FailedPrecondition', reason: 'ATTACHMENT_NOT_FOUND', fields: [{ field: 'attachments[1].reference' }] });
  });

  test('a message that its files make too large is refused with both sizes', async () => {
    const { reference } = await client().uploadAttachment({ content: fileOf(1_600_000) });
    const refused = await refusalOf(client().submit({ ...request, attachments: [{ reference }, { reference }] }));
    expect(refused).toMatchObject({ reason: 'MESSAGE_TOO_LARGE', metadata: { limit_bytes: String(4 * 2 ** 20) } });
    expect(refused.message).toMatch(/is at least 4378965 bytes.*expected at most 4194304/);
  });

  test('full storage pushes an upload back', async () => {
    rig.full.stream = 'BODIES';
    expect(await refusalOf(client().uploadAttachment({ content: fileOf(10) }))).toMatchObject({ reason: 'STORAGE_FULL', retryAfterSeconds: 5 });
  });
});
