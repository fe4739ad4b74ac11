import type { JournalEntry, JournalEvent } from '@posthaste/core';
import { connectStream, journalStream, journalSubject, readUntil, streamState } from '@posthaste/stream';
import { silentLog, systemClock } from '@posthaste/telemetry';

/** All that was journalled, folded by message id and kind. */
export class History {
  readonly events: readonly JournalEvent[];
  readonly #counts = new Map<string, number>();

  constructor(events: readonly JournalEvent[]) {
    this.events = events;
    for (const event of events) {
      for (const key of [event.kind, `${event.kind} ${event.id}`]) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    }
  }

  /** Events of a kind, of one message or of all. */
  count(kind: JournalEvent['kind'], id?: string): number {
    return this.#counts.get(id === undefined ? kind : `${kind} ${id}`) ?? 0;
  }
}

/** Reads partition 0's journal from its beginning. */
export async function readJournal(natsUrl: string): Promise<History> {
  const connection = await connectStream({ url: natsUrl, name: 'story', log: silentLog, clock: systemClock });
  try {
    const stream = journalStream(0);
    const { first, last } = await streamState(connection, stream);
    const events: JournalEvent[] = [];
    const read = { stream, from: first, to: last, filter: journalSubject(0, 'events'), dense: false, signal: AbortSignal.timeout(30_000) };
    for await (const entries of readUntil(connection, read)) {
      for (const { body } of entries) events.push(...(JSON.parse(Buffer.from(body).toString()) as JournalEntry).events);
    }
    return new History(events);
  } finally {
    await connection.close();
  }
}
