import { createHash, randomUUID } from 'node:crypto';
import type { StreamConnection } from './connection.ts';
import { readLast } from './direct.ts';
import { StreamError } from './errors.ts';
import { bodiesStream, bodyFilter, bodySubject } from './layout.ts';
import type { Publisher } from './publisher.ts';
import { ReadRoom } from './read-room.ts';
import { purgeSubject } from './removal.ts';

export const chunkBytes = 512 * 1024;
/** Chunks on their way at once, in either direction: a body costs this program no more memory than that. */
const mostInFlight = 3;
/**
 * Chunks that all readers of a connection ask for at once, 16 MiB: the server cuts a connection for which more than 64 MiB wait
 * (max_pending), whoever asked for them.
 */
const mostReadsInFlight = 32;

/** What a ticket keeps of a body in chunks. */
export interface WrittenBody {
  readonly count: number;
  /** SHA-256 of the whole body, hex. */
  readonly digest: string;
  readonly size: number;
}

export interface ChunkWriter {
  /** Resolves when more may come. Rejects as a publication does; then the body is to be given up by `removeChunks`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when every chunk is acknowledged. */
  end(): Promise<WrittenBody>;
}

/** Writes a body to BODIES as it comes in, cut anew into chunks. */
export function createChunkWriter(publisher: Publisher, partition: number, id: string): ChunkWriter {
  return new StreamChunkWriter(publisher, partition, id);
}

export async function writeChunks(publisher: Publisher, partition: number, id: string, body: AsyncIterable<Uint8Array>): Promise<WrittenBody> {
  const writer = createChunkWriter(publisher, partition, id);
  for await (const bytes of body) await writer.write(bytes);
  return writer.end();
}

class StreamChunkWriter implements ChunkWriter {
  private readonly publisher: Publisher;
  private readonly partition: number;
  private readonly id: string;
  private readonly hash = createHash('sha256');
  /**
   * A second writer for the same id writes other bytes: it must not be taken for a repetition of the first. Its chunks lie above the first one's,
   * and the last one on a subject is what is read.
   */
  private readonly writing = randomUUID();
  private readonly inFlight: Promise<unknown>[] = [];
  private gathered: Uint8Array[] = [];
  private gatheredBytes = 0;
  private count = 0;
  private size = 0;

  constructor(publisher: Publisher, partition: number, id: string) {
    this.publisher = publisher;
    this.partition = partition;
    this.id = id;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.hash.update(bytes);
    this.size += bytes.length;
    for (let rest = bytes; rest.length > 0;) {
      const part = rest.subarray(0, chunkBytes - this.gatheredBytes);
      rest = rest.subarray(part.length);
      this.gathered.push(part);
      this.gatheredBytes += part.length;
      if (this.gatheredBytes === chunkBytes) await this.send();
    }
  }

  async end(): Promise<WrittenBody> {
    if (this.gatheredBytes > 0) await this.send();
    await Promise.all(this.inFlight);
    return { count: this.count, digest: this.hash.digest('hex'), size: this.size };
  }

  private async send(): Promise<void> {
    const number = this.count++;
    const chunk = Buffer.concat(this.gathered);
    this.gathered = [];
    this.gatheredBytes = 0;
    const { stored } = await this.publisher.publishInTurn({
      stream: bodiesStream,
      subject: bodySubject(this.partition, this.id, number),
      messageId: `${this.writing}.${number}`,
      headers: {},
      body: chunk,
    });
    // Its failure is met at a later write or at the end.
    stored.catch(() => {});
    this.inFlight.push(stored);
    if (this.inFlight.length >= mostInFlight) await this.inFlight.shift();
  }
}

/**
 * The body in its chunks. The digest can only be checked behind the last one, so a taker must be able to take back what it has
 * passed on (an SMTP sender drops the connection before the final dot). Rejects with NOT_FOUND when a chunk is not there, with
 * BROKEN when the digest is wrong, with the signal's reason when a chunk still waits for its turn.
 */
export async function* readChunks(
  connection: StreamConnection,
  partition: number,
  id: string,
  count: number,
  digest: string,
  signal?: AbortSignal,
): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256');
  const room = readRoomOf(connection);
  const read = (number: number, over: AbortSignal) => room.run(() => readChunk(connection, partition, id, number), over);
  for await (const chunk of readAhead(count, read, signal)) {
    hash.update(chunk);
    yield chunk;
  }
  const found = hash.digest('hex');
  if (found !== digest)
    throw new StreamError('BROKEN', `the body of ${id} is damaged: SHA-256 of its ${count} chunks is ${found}, expected ${digest}`);
}

/** What waits for its turn is given up with the whole. */
async function* readAhead<T>(count: number, read: (number: number, over: AbortSignal) => Promise<T>, signal?: AbortSignal): AsyncIterable<T> {
  const leaving = new AbortController();
  const over = signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal;
  const ahead: Promise<T>[] = [];
  try {
    for (let next = 0, given = 0; given < count; given += 1) {
      for (; next < count && ahead.length < mostInFlight; next += 1) {
        const reading = read(next, over);
        reading.catch(() => {});
        ahead.push(reading);
      }
      yield await ahead.shift()!;
    }
  } finally {
    leaving.abort();
  }
}

const readRooms = new WeakMap<StreamConnection, ReadRoom>();

function readRoomOf(connection: StreamConnection): ReadRoom {
  let room = readRooms.get(connection);
  if (!room) readRooms.set(connection, (room = new ReadRoom(mostReadsInFlight)));
  return room;
}

async function readChunk(connection: StreamConnection, partition: number, id: string, number: number): Promise<Uint8Array> {
  const { body } = await readLast(connection, bodiesStream, bodySubject(partition, id, number));
  return body;
}

/** Removes all chunks of one body. */
export async function removeChunks(connection: StreamConnection, partition: number, id: string): Promise<void> {
  await purgeSubject(connection, bodiesStream, bodyFilter(partition, id));
}
