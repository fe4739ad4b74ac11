import type { JournalEntry, JournalEvent } from '@posthaste/core';
import { journalStream, journalSubject } from '@posthaste/stream';
import { readAll } from './streams.ts';

type Kind = JournalEvent['kind'];

/** All that was journalled. */
export class History {
  readonly events: readonly JournalEvent[];
  readonly #counts = new Map<string, number>();

  constructor(events: readonly JournalEvent[]) {
    this.events = events;
    for (const event of events) for (const key of keysOf(event)) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Events of a kind: of all messages, of one, or of one recipient of it. */
  count(kind: Kind, ...about: readonly [id?: string, recipient?: number]): number {
    return this.#counts.get([kind, ...about].join(' ')) ?? 0;
  }

  /** Recipients that were accepted and are not final: delivered, failed, expired or cancelled. What was revived is no longer failed. */
  get open(): number {
    const final = [...this.of('delivered'), ...this.of('failed'), ...this.of('expired'), ...this.of('cancelled')];
    const recipients = (events: readonly { readonly recipients: readonly number[] }[]) =>
      events.reduce((sum, event) => sum + event.recipients.length, 0);
    const accepted = this.of('accepted').reduce((sum, { ticket }) => sum + ticket.recipients.length, 0);
    return accepted + recipients(this.of('revived')) - recipients(final);
  }

  of<K extends Kind>(kind: K): Extract<JournalEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<JournalEvent, { kind: K }> => event.kind === kind);
  }
}

function keysOf(event: JournalEvent): string[] {
  const { kind, id } = event;
  const recipients = 'recipients' in event ? event.recipients : [];
  return [kind, `${kind} ${id}`, ...recipients.map((recipient) => `${kind} ${id} ${recipient}`)];
}

/** Reads the journals of all partitions from their beginning. */
export async function readJournal(natsUrl: string, partitions = 1): Promise<History> {
  const numbers = Array.from({ length: partitions }, (_, partition) => partition);
  const journals = await Promise.all(numbers.map((number) => readAll(natsUrl, journalStream(number), journalSubject(number, 'events'))));
  return new History(journals.flat().flatMap(({ body }) => (JSON.parse(Buffer.from(body).toString()) as JournalEntry).events));
}
