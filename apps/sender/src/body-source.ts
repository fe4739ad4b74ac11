import type { Body as BodyPlace, Attempt } from '@posthaste/protocol/dispatch';
import { partitionOf } from '@posthaste/core';
import { isStreamError, readChunks, readEntry, type StreamConnection, type StreamEntry, StreamError, ticketHeader } from '@posthaste/stream';
import type { Body } from './smtp-transaction.ts';

/** A body on its way. `release` gives its room back, once, when the attempt is over. */
export interface FetchedBody {
  readonly content: Promise<Body>;
  release(): void;
}

interface Reservation {
  readonly bytes: number;
  readonly grant: () => void;
  kind: 'waiting' | 'granted' | 'released';
}

/**
 * Reads bodies ahead of their transactions, several at a time, in the order of the attempts. One for each upstream, so that mail which waits
 * for a slow one takes no room from another's.
 */
export class BodySource {
  readonly #stream: StreamConnection;
  readonly #maxBytes: number;
  #waiting: Reservation[] = [];
  #bytes = 0;

  constructor(stream: StreamConnection, options: { readonly maxBytes: number }) {
    this.#stream = stream;
    this.#maxBytes = options.maxBytes;
  }

  /** `content` rejects with a StreamError. */
  fetch(attempt: Attempt): FetchedBody {
    const place = attempt.body;
    if (!place) return { content: failed(new StreamError('NOT_FOUND', 'the attempt names no body')), release: () => {} };
    if (place.chunks > 0) return { content: Promise.resolve(this.#chunked(attempt.messageId, place)), release: () => {} };
    return this.#whole(attempt.messageId, place);
  }

  /** The digest is verified at the end of the pieces, and SmtpSession withholds the last piece until then. */
  #chunked(messageId: string, { chunks, digest }: BodyPlace): Body {
    const pieces = readChunks(this.#stream, partitionOf(messageId), messageId, chunks, digest);
    return { kind: 'pieces', pieces: asBuffers(pieces) };
  }

  #whole(messageId: string, place: BodyPlace): FetchedBody {
    const room = Promise.withResolvers<void>();
    const reservation: Reservation = { bytes: Number(place.size), grant: room.resolve, kind: 'waiting' };
    this.#waiting.push(reservation);
    this.#grantWaiting();
    const content = room.promise.then(() => readWhole(this.#stream, messageId, place));
    // Nobody may be waiting yet when it fails; whoever asks later hears of it.
    content.catch(() => {});
    return { content, release: () => this.#release(reservation) };
  }

  /** One body is always let in, however large: the order guarantees that it is the next to be delivered. */
  #grantWaiting(): void {
    for (let next = this.#waiting[0]; next && (this.#bytes === 0 || this.#bytes + next.bytes <= this.#maxBytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      next.kind = 'granted';
      this.#bytes += next.bytes;
      next.grant();
    }
  }

  #release(reservation: Reservation): void {
    if (reservation.kind === 'granted') this.#bytes -= reservation.bytes;
    if (reservation.kind === 'waiting') this.#waiting = this.#waiting.filter((other) => other !== reservation);
    reservation.kind = 'released';
    this.#grantWaiting();
  }
}

async function readWhole(stream: StreamConnection, messageId: string, place: BodyPlace): Promise<Body> {
  const sequence = Number(place.sequence);
  const entry = await readEntry(stream, place.stream, sequence).catch((error: unknown) => {
    // A replica may lag behind; the leader knows.
    if (!isStreamError(error, 'NOT_FOUND')) throw error;
    return readEntry(stream, place.stream, sequence, { fromLeader: true });
  });
  if (!belongsTo(entry, messageId)) throw new StreamError('NOT_FOUND', `${place.stream} ${place.sequence} is not the entry of ${messageId}`);
  return { kind: 'whole', bytes: asBuffer(entry.body) };
}

/** A body must never go to another mail's recipients: a stream that was restored or made anew counts its sequences afresh. */
function belongsTo(entry: StreamEntry, messageId: string): boolean {
  return entry.header(ticketHeader)?.includes(`"id":"${messageId}"`) ?? false;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

async function* asBuffers(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) yield asBuffer(piece);
}

function failed(error: Error): Promise<never> {
  const rejected: Promise<never> = Promise.reject(error);
  rejected.catch(() => {});
  return rejected;
}
