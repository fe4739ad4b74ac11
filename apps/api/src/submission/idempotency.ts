import { timestampMs } from '@bufbuild/protobuf/wkt';
import { ConnectError } from '@connectrpc/connect';
import type { Publisher, StreamConnection } from '@posthaste/stream';
import type { SubmitRequest } from '@posthaste/protocol';
import { Idempotency, type Door, type SubmissionLimits } from '@posthaste/submission';
import { findMessage, type MessageSources } from '../status/message-finding.ts';
import { reasonOf } from '../refusal/refusal.ts';

export interface IdempotencyParts {
  readonly connection: StreamConnection;
  readonly publisher: Publisher;
  readonly door: Door;
  readonly sources: MessageSources;
  /** How long a message is tried to be stored. */
  readonly retryForMs: number;
}

/** What a submission takes beside being stored. */
const marginMs = 5_000;

/** Idempotency keys, with status as the witness of what became of a first request. */
export function createIdempotency({ sources, door, retryForMs, ...parts }: IdempotencyParts): Idempotency {
  return new Idempotency({
    ...parts,
    clock: sources.clock,
    name: 'api',
    newId: door.newId,
    inFlightMs: retryForMs + marginMs,
    acceptedAt: (id, signal) => acceptedAt(sources, id, signal),
  });
}

/**
 * At most so many publications store this request's message, one after another: a body above the inline limit goes in chunks. Encoding makes text up to
 * three times as large, and files by a third; what a reference stands for may be as large as any message.
 */
export function publicationsOf({ raw, text, html, attachments }: SubmitRequest, { maxBytes, inlineBytes }: SubmissionLimits): number {
  const files = attachments.map(({ content, reference }) => (reference === '' ? content.length * 1.5 : maxBytes));
  const most = Math.min(raw.length + 3 * (text.length + html.length) + files.reduce((sum, size) => sum + size, 0), maxBytes);
  return most > inlineBytes / 2 ? 1 + Math.ceil(most / chunkBytes) : 1;
}

const chunkBytes = 512 * 1024;

async function acceptedAt(sources: MessageSources, id: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    const { message } = await findMessage(sources, id, signal);
    return message.acceptedAt && timestampMs(message.acceptedAt);
  } catch (error) {
    if (error instanceof ConnectError && reasonOf(error) === 'MESSAGE_NOT_FOUND') return undefined;
    throw error;
  }
}
