import type { StreamConnection } from './connection.ts';
import { readLast } from './direct.ts';
import type { StreamEntry } from './entry.ts';
import { isStreamError } from './errors.ts';
import { keysStream, keySubject, type KeyLife } from './layout.ts';
import type { Publisher } from './publisher.ts';

export interface KeyName {
  readonly life: KeyLife;
  /** Which key it is, as one token of a subject: short, for the server keeps it in memory. */
  readonly digest: string;
}

export interface NewKey extends KeyName {
  /** What is kept under it. */
  readonly content: Uint8Array;
}

/** True when it was created; false when there is one already, be it by an earlier try of this very call. Rejects with FULL or AWAY. */
export async function createKey(publisher: Publisher, { life, digest, content }: NewKey): Promise<boolean> {
  try {
    await publisher.publish({
      stream: keysStream(life),
      subject: keySubject(life, digest),
      headers: { 'Nats-Expected-Last-Subject-Sequence': '0' },
      body: content,
    });
    return true;
  } catch (error) {
    if (isStreamError(error, 'FENCED')) return false;
    throw error;
  }
}

/** Undefined when there is none. */
export async function readKey(connection: StreamConnection, { life, digest }: KeyName): Promise<StreamEntry | undefined> {
  try {
    return await readLast(connection, keysStream(life), keySubject(life, digest));
  } catch (error) {
    if (isStreamError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}
