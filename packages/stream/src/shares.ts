import { readAnswer } from './api.ts';
import type { StreamConnection } from './connection.ts';
import { readLast, type ReadEntryOptions } from './direct.ts';
import { isStreamError } from './errors.ts';
import { sharesStream, sharesSubject } from './layout.ts';

/** What SHARES holds, and its revision: each writing has a higher one. */
export interface StoredShares {
  readonly content: unknown;
  readonly revision: number;
}

/** Null before anything was written. It may be older than what was last written, unless the leader is asked: a replica can lag behind. Rejects with AWAY. */
export async function readShares(connection: StreamConnection, options: ReadEntryOptions = {}): Promise<StoredShares | null> {
  try {
    const { body, sequence } = await readLast(connection, sharesStream, sharesSubject, options);
    return { content: JSON.parse(Buffer.from(body).toString()), revision: sequence };
  } catch (error) {
    if (isStreamError(error, 'NOT_FOUND')) return null;
    throw error;
  }
}

/**
 * Writes if the revision is still the expected one, 0 for none, and returns the new one. Rejects with FENCED when it is not, and with another error when
 * nobody knows whether it was written, or still will be.
 */
export async function writeShares(connection: StreamConnection, content: unknown, expected: number): Promise<number> {
  const headers = { 'Nats-Expected-Last-Subject-Sequence': String(expected) };
  const answer = await connection.ask(sharesSubject, Buffer.from(JSON.stringify(content)), { headers });
  const { seq } = readAnswer(answer, 'writing how limits are divided') as { seq: number };
  return seq;
}
