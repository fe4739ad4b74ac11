import type { Snapshot, StateRecord } from '../snapshot.ts';
import type { JournalEvent } from '../journal.ts';
import { lanes, type Lane } from '../lane.ts';
import type { Revival } from '../operation/reviving.ts';
import type { Suspension } from '../operation/suspension.ts';
import type { RecipientState } from '../recipient.ts';
import type { ClockMarks } from '../steady-clock.ts';
import type { Place, Ticket } from '../ticket.ts';
import { VirtualStream } from './virtual-stream.ts';

/** An entry of JOURNAL. */
export type VirtualJournalEntry =
  | { readonly kind: 'events'; readonly epoch: number; readonly events: readonly JournalEvent[]; readonly clock?: ClockMarks | undefined }
  | { readonly kind: 'checkpoint'; readonly at: number; readonly contains: number; readonly snapshot: Snapshot };

export type Source = Lane | 'wait';
export const sources: readonly Source[] = ['wait', ...lanes];

/** An entry of a log or of WAIT; one without a ticket was written by nobody of ours. */
export interface VirtualMailEntry {
  readonly ticket: Ticket | null;
  readonly revival?: Revival;
}

interface VirtualDeadLetter {
  readonly ticket: Ticket;
  readonly states: readonly RecipientState[];
}

interface VirtualState extends StateRecord {
  readonly asOf: number;
}

/** Everything that outlives a crash. */
export class VirtualStore {
  readonly mail: Readonly<Record<Source, VirtualStream<VirtualMailEntry>>> = {
    wait: new VirtualStream(),
    immediate: new VirtualStream(),
    high: new VirtualStream(),
    normal: new VirtualStream(),
    low: new VirtualStream(),
  };
  readonly dead = new VirtualStream<VirtualDeadLetter>();
  /** In SETTINGS. */
  readonly suspensions = new Map<string, Suspension>();
  readonly state = new VirtualStream<VirtualState>();
  readonly journal = new VirtualStream<VirtualJournalEntry>();
  readonly #states = new Map<string, number>();
  readonly #copies = new Map<string, number>();
  readonly #burials = new Map<string, number>();

  /** As with one message a subject: the new one takes the place of the old. */
  writeState(record: VirtualState): number {
    this.state.remove(this.#states.get(record.id) ?? 0);
    const sequence = this.state.append(record);
    this.#states.set(record.id, sequence);
    return sequence;
  }

  /** A second copy of the same mail is recognised by its message id. */
  writeCopy(ticket: Ticket): number {
    const known = this.#copies.get(ticket.id);
    if (known !== undefined && this.mail.wait.get(known)) return known;
    const sequence = this.mail.wait.append({ ticket });
    this.#copies.set(ticket.id, sequence);
    return sequence;
  }

  /** A message id that the server knows gets the sequence of its first time, whether that lies there still or not. */
  bury(messageId: string, letter: VirtualDeadLetter): number {
    const sequence = this.#burials.get(messageId) ?? this.dead.append(letter);
    this.#burials.set(messageId, sequence);
    return sequence;
  }

  removeDead(id: string, upTo: number): void {
    for (const [sequence, { ticket }] of this.dead.from(0)) if (ticket.id === id && sequence <= upTo) this.dead.remove(sequence);
  }

  /** Goes up with every change of what has been accepted and of what is said of it. */
  get version(): number {
    return sources.reduce((sum, source) => sum + this.mail[source].version, this.journal.version);
  }

  /** Of all mail that has an entry somewhere. */
  ids(): Set<string> {
    return new Set(sources.flatMap((source) => this.mail[source].from(0).flatMap(([, { ticket }]) => ticket?.id ?? [])));
  }
}

export function placeOf(source: Source, sequence: number): Place {
  return source === 'wait' ? { kind: 'wait', sequence } : { kind: 'log', lane: source, sequence };
}
