import type { ConnectError } from '@connectrpc/connect';
import { partitionOf } from '@posthaste/core';
import type { Attachment } from '@posthaste/protocol';
import { chunkBytes, createChunkWriter, isStreamError, readChunks, type FillWatch, type Publisher, type StreamConnection } from '@posthaste/stream';
import type { Clock } from '@posthaste/telemetry';
import { attachmentId, attachmentPartition, decodeReference, encodeReference, timeOf, type AttachmentReference } from './attachment-reference.ts';
import { base64Size, type Content } from '../mime/index.ts';
import { refusal } from '../refusal/refusal.ts';

/** A body without a mail stays in BODIES for an hour, and is then swept by the scheduler: what we promise ends well before. */
const lifeMs = 30 * 60_000;

export interface AttachmentsOptions {
  readonly publisher: Publisher;
  readonly connection: StreamConnection;
  readonly fill: FillWatch;
  readonly clock: Clock;
  /** The largest message: what would not fit one is not stored. */
  readonly maxBytes: number;
}

export interface StoredAttachment {
  readonly reference: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly size: number;
}

/** Files that are stored once, and named by many messages. */
export interface Attachments {
  /** Rejects with MESSAGE_TOO_LARGE, STORAGE_FULL or STORAGE_UNAVAILABLE. */
  store(content: Uint8Array): Promise<StoredAttachment>;
  /**
   * What each attachment holds. A stored one is fetched when it is read; until its last byte was checked, nothing may be taken for granted.
   * Throws, and reading throws, ATTACHMENT_NOT_FOUND or STORAGE_UNAVAILABLE.
   */
  contents(attachments: readonly Pick<Attachment, 'content' | 'reference'>[], signal: AbortSignal): Content[];
}

export function createAttachments(options: AttachmentsOptions): Attachments {
  return {
    store: (content) => store(options, content),
    contents: (attachments, signal) =>
      attachments.map(({ content, reference }, index) =>
        reference === '' ? content : open(options, readable(reference, options.clock, index), index, signal),
      ),
  };
}

async function store({ publisher, fill, clock, maxBytes }: AttachmentsOptions, content: Uint8Array): Promise<StoredAttachment> {
  const built = base64Size(content.length);
  if (built > maxBytes) throw tooLarge(content.length, built, maxBytes);
  const full = fill.blocked(attachmentPartition, { lane: 'immediate', chunked: true });
  if (full !== null) throw refusal('STORAGE_FULL', `there is no room for more files (${full}); try again later`);
  const now = clock.now();
  const id = attachmentId(now);
  try {
    const writer = createChunkWriter(publisher, partitionOf(id), id);
    await writer.write(content);
    const { size, digest } = await writer.end();
    return { reference: encodeReference({ id, size, digest }), expiresAt: now + lifeMs, size };
  } catch (error) {
    throw ourTrouble(error);
  }
}

function readable(text: string, clock: Clock, index: number): AttachmentReference {
  const reference = decodeReference(text);
  if (!reference) throw notFound(index, 'is none that UploadAttachment gave');
  if (clock.now() >= timeOf(reference) + lifeMs) throw notFound(index, 'is more than 30 minutes old');
  return reference;
}

function open({ connection }: AttachmentsOptions, { id, size, digest }: AttachmentReference, index: number, signal: AbortSignal): Content {
  const chunks = Math.ceil(size / chunkBytes);
  const gone = (cause?: unknown) => notFound(index, 'names a file that is not there', cause);
  return {
    length: size,
    async *read() {
      let bytes = 0;
      try {
        for await (const chunk of readChunks(connection, partitionOf(id), id, chunks, digest, signal)) {
          signal.throwIfAborted();
          bytes += chunk.length;
          // The place of the file in the message is as large as the reference says.
          if (bytes > size) throw gone();
          yield chunk;
        }
      } catch (error) {
        if (isStreamError(error, 'NOT_FOUND') || isStreamError(error, 'BROKEN')) throw gone(error);
        throw isStreamError(error) ? ourTrouble(error) : error;
      }
      if (bytes < size) throw gone();
    },
  };
}

function notFound(index: number, fault: string, cause?: unknown): ConnectError {
  const field = `attachments[${index}].reference`;
  const description = `${fault}; expected what UploadAttachment answered within the last 30 minutes: upload the file again`;
  return refusal('ATTACHMENT_NOT_FOUND', `${field}: ${description}`, { fields: [{ field, description }], cause });
}

function tooLarge(bytes: number, built: number, maxBytes: number): ConnectError {
  const sentence = `content is ${bytes} bytes, which takes ${built} in a message; expected at most ${maxBytes} there`;
  return refusal('MESSAGE_TOO_LARGE', sentence, {
    metadata: { limit_bytes: String(maxBytes) },
    fields: [{ field: 'content', description: sentence }],
  });
}

function ourTrouble(cause: unknown): ConnectError {
  if (isStreamError(cause, 'FULL')) return refusal('STORAGE_FULL', 'there is no room for more files; try again later', { cause });
  return refusal('STORAGE_UNAVAILABLE', 'storage does not answer; try again later', { cause });
}
