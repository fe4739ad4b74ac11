import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Snapshot } from '@posthaste/core';
import { journalStream, readUntil, type Journal, type StreamConnection, type StreamEntry } from '@posthaste/stream';

/** What an entry of JOURNAL on `journal.<p>.checkpoint` says: STATE and WAIT hold everything up to journal sequence `contains`. */
export interface Checkpoint {
  readonly epoch: number;
  /** By the steady clock, milliseconds since the epoch. */
  readonly at: number;
  readonly contains: number;
  readonly snapshot: Snapshot;
  /** When each stream was created: another creation time means another stream, whose sequences mean nothing here. */
  readonly createdAt: Readonly<Record<string, number>>;
}

/** A checkpoint, and where it begins in the journal. */
export interface StoredCheckpoint {
  readonly sequence: number;
  readonly checkpoint: Checkpoint;
}

/** Where the oldest checkpoint begins that a recovery wants to read; each part says it, so that the last entry is enough to start from. */
const sinceHeader = 'Posthaste-Checkpoint-Since';
/** `<number> of <count>`. */
const partHeader = 'Posthaste-Checkpoint-Part';
const maxPartBytes = 512 * 1024;

/** Appends a checkpoint, in parts when it is large, and returns where it begins. `since`: see the header; null for itself. */
export async function appendCheckpoint(journal: Journal, checkpoint: Checkpoint, since: number | null): Promise<number> {
  const bytes = zstdCompressSync(JSON.stringify(checkpoint));
  const count = Math.ceil(bytes.length / maxPartBytes);
  let first: number | null = null;
  for (let part = 0; part < count; part += 1) {
    const headers = { [partHeader]: `${part + 1} of ${count}`, [sinceHeader]: String(since ?? first ?? 0) };
    const sequence = await journal.append('checkpoint', bytes.subarray(part * maxPartBytes, (part + 1) * maxPartBytes), headers);
    first ??= sequence;
  }
  return first ?? journal.lastSequence;
}

/** The complete checkpoints from the one that the journal's last checkpoint entry points back to, in order. */
export async function readCheckpoints(
  connection: StreamConnection,
  partition: number,
  last: StreamEntry,
  filter: string,
  signal: AbortSignal,
): Promise<StoredCheckpoint[]> {
  const from = Number(last.header(sinceHeader)) || last.sequence;
  const complete: StoredCheckpoint[] = [];
  let parts: StreamEntry[] = [];
  for await (const entries of readUntil(connection, { stream: journalStream(partition), from, to: last.sequence, filter, dense: false, signal })) {
    for (const entry of entries) {
      const [part, count] = (entry.header(partHeader) ?? '1 of 1').split(' of ').map(Number);
      // A crash between two parts leaves a beginning without an end.
      if (part === 1) parts = [];
      parts.push(entry);
      if (part === count && parts.length === count) complete.push(assemble(parts));
    }
  }
  return complete;
}

function assemble(parts: readonly StreamEntry[]): StoredCheckpoint {
  const bytes = zstdDecompressSync(Buffer.concat(parts.map(({ body }) => body)));
  return { sequence: parts[0]?.sequence ?? 0, checkpoint: JSON.parse(bytes.toString()) as Checkpoint };
}
