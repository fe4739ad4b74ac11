import type { Engine } from '../engine.ts';
import type { Instant } from '../engine-input.ts';
import type { LogExtent, Remains } from '../restoring.ts';
import { placeOf, sources, type Source, type VirtualJournalEntry, type VirtualStore } from './virtual-store.ts';

/**
 * As short as a door's patience (20 s), the reader's lag (5 s) and the longest step of time (25 s) together allow, so that ids do not hide what sequences and states should have
 * told: a replayed publish may be read so long after its mail has finished.
 */
const recentSpanMs = 50_000;

type Checkpoint = Extract<VirtualJournalEntry, { kind: 'checkpoint' }>;

/** Rebuilds the index as the scheduler does: the headers of WAIT and of the logs, STATE over them, the journal since the checkpoint. */
export function recover(store: VirtualStore, engine: Engine, now: Instant): void {
  const checkpoints = store.journal.from(0).flatMap(([, entry]) => (entry.kind === 'checkpoint' ? [entry] : []));
  const contained = checkpoints.at(-1)?.contains ?? 0;
  const events = eventsAfter(store, contained);
  const clock = clockAfter(store, contained);
  const snapshot = checkpoints.at(-1)?.snapshot ?? null;
  engine.restoreMarks(
    { snapshot, events, clock, extents: extentsOf(store), deadLast: store.dead.last, finishedIds: recentlyFinished(checkpoints) },
    now,
  );
  for (const source of sources) restoreTickets(store, engine, source);
  for (const [sequence, { asOf, ...record }] of store.state.from(0)) engine.restoreState(record, asOf, sequence);
  for (const { event, sequence } of events) engine.replay(event, sequence);
  engine.restoreSuspensions([...store.suspensions.values()].filter(({ expires = Infinity }) => expires > now.wall));
  engine.finishRestoring(now);
}

function eventsAfter(store: VirtualStore, contained: number): Remains['events'] {
  return store.journal
    .from(contained + 1)
    .flatMap(([sequence, entry]) => (entry.kind === 'events' ? entry.events.map((event) => ({ event, epoch: entry.epoch, sequence })) : []));
}

function clockAfter(store: VirtualStore, contained: number): Remains['clock'] {
  return store.journal
    .from(contained + 1)
    .flatMap(([sequence, entry]) => (entry.kind === 'events' && entry.clock ? [{ ...entry.clock, sequence }] : []))
    .at(-1);
}

function extentsOf(store: VirtualStore): Remains['extents'] {
  const extents = sources.map((source): [Source, LogExtent] => {
    const { first, last } = store.mail[source];
    return [source, { first, last, sameStream: true }];
  });
  return Object.fromEntries(extents) as Record<Source, LogExtent>;
}

function recentlyFinished(checkpoints: readonly Checkpoint[]): string[] {
  const last = checkpoints.at(-1);
  return checkpoints
    .filter((checkpoint) => checkpoint === last || (last?.at ?? 0) - checkpoint.at <= recentSpanMs)
    .flatMap(({ snapshot }) => snapshot.finishedIds);
}

function restoreTickets(store: VirtualStore, engine: Engine, source: Source): void {
  for (const [sequence, { ticket, revival }] of store.mail[source].from(0)) {
    if (ticket) engine.restoreTicket(ticket, placeOf(source, sequence), revival);
  }
}
