import type { JournalEntry, JournalEvent } from '@posthaste/core';
import { journalSubject, type StreamEntry } from '@posthaste/stream';
import type { Position } from './ledger.ts';

/** Events a transaction at most. It is what a call may have to wait for: 5 to 35 ms, the longer ones with an fsync in them. */
const transactionEvents = 500;

/** One transaction's worth, or the place of a hole. */
export type Step = Events | { readonly kind: 'gap'; readonly position: Position; readonly time: number };

interface Events {
  readonly kind: 'events';
  readonly events: readonly JournalEvent[];
  readonly position: Position;
  readonly time: number;
}

/** Divides entries into transactions: short ones are joined, a long one stretches over several. */
export function* steps(partition: number, from: Position, entries: readonly StreamEntry[]): Generator<Step> {
  let held: Events | undefined;
  for (const piece of pieces(partition, from, entries)) {
    const joined = held && piece.kind === 'events' && held.events.length + piece.events.length <= transactionEvents;
    if (held && !joined) yield held;
    if (piece.kind === 'gap') yield piece;
    held = piece.kind === 'gap' ? undefined : joined && held ? { ...piece, events: [...held.events, ...piece.events] } : piece;
  }
  if (held) yield held;
}

function* pieces(partition: number, { createdAt, sequence: done, skip }: Position, entries: readonly StreamEntry[]): Generator<Step> {
  let last = done;
  let skipped = skip;
  for (const { sequence, time, ...entry } of entries) {
    if (sequence !== last + 1) {
      skipped = 0;
      yield { kind: 'gap', position: { createdAt, sequence: sequence - 1, skip: 0 }, time };
    }
    const events = decode(partition, entry);
    for (; events.length - skipped > transactionEvents; skipped += transactionEvents) {
      const position = { createdAt, sequence: sequence - 1, skip: skipped + transactionEvents };
      yield { kind: 'events', events: events.slice(skipped, skipped + transactionEvents), position, time };
    }
    yield { kind: 'events', events: events.slice(skipped), position: { createdAt, sequence, skip: 0 }, time };
    last = sequence;
    skipped = 0;
  }
}

function decode(partition: number, { subject, body }: Pick<StreamEntry, 'subject' | 'body'>): readonly JournalEvent[] {
  if (subject !== journalSubject(partition, 'events')) return [];
  return (JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()) as JournalEntry).events;
}
