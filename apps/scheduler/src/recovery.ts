import {
  lanes,
  readTicket,
  type RecordedClock,
  type Engine,
  type Instant,
  type JournalEntry,
  type Lane,
  type LogExtent,
  type Remains,
  type Place,
  type StateRecord,
} from '@posthaste/core';
import {
  deadStream,
  isStreamError,
  journalStream,
  journalSubject,
  mailStream,
  readLast,
  readUntil,
  stateStream,
  streamState,
  ticketHeader,
  waitStream,
  type StreamConnection,
  type StreamState,
} from '@posthaste/stream';
import type { Log } from '@posthaste/telemetry';
import { readSuspensions } from './operation/suspensions.ts';
import { readCheckpoints, type StoredCheckpoint } from './checkpoint.ts';
import { readRevival } from './dead-letters.ts';
import type { Mark } from './checkpointer.ts';

export interface RecoveryOptions {
  readonly connection: StreamConnection;
  readonly partition: number;
  readonly engine: Engine;
  /** The sequence of this epoch's first entry: the journal below it is complete, because nobody else can append any more. */
  readonly journalEnd: number;
  readonly now: () => Instant;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Recovered {
  /** When each log and WAIT was created. */
  readonly createdAt: Readonly<Record<string, number>>;
  readonly checkpoints: readonly Mark[];
}

type Source = Lane | 'wait';
const sources: readonly Source[] = ['wait', ...lanes];

/** Rebuilds the index: the headers of WAIT and of the logs, STATE over them, the journal since the checkpoint. */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const { engine, log, now } = options;
  const stored = await findCheckpoints(options);
  const last = stored.at(-1);
  const states = await measureSources(options);
  const { last: deadLast } = await streamState(options.connection, deadStream(options.partition));
  const { events, clock } = await readJournal(options, last?.checkpoint.contains ?? 0);
  const snapshot = last?.checkpoint.snapshot ?? null;
  const finishedIds = stored.flatMap(({ checkpoint }) => checkpoint.snapshot.finishedIds);
  engine.restoreMarks({ snapshot, events, clock, extents: extentsOf(options, states, last), deadLast, finishedIds }, now());
  for (const source of sources) await restoreTickets(options, source, states[source]);
  await restoreStates(options);
  for (const { event, sequence } of events) engine.replay(event, sequence);
  engine.restoreSuspensions((await readSuspensions(options.connection, options.signal)).filter(({ expires = Infinity }) => expires > now().wall));
  engine.finishRestoring(now());
  log.info('the index is rebuilt', { mails: engine.size, eventsReplayed: events.length, checkpointAt: last?.checkpoint.at ?? null });
  return {
    createdAt: Object.fromEntries(sources.map((source) => [streamOf(options, source), states[source].createdAt])),
    checkpoints: stored.map(({ sequence, checkpoint }) => ({ sequence, contains: checkpoint.contains, at: checkpoint.at })),
  };
}

async function findCheckpoints({ connection, partition, signal }: RecoveryOptions): Promise<StoredCheckpoint[]> {
  const subject = journalSubject(partition, 'checkpoint');
  try {
    const last = await readLast(connection, journalStream(partition), subject);
    return await readCheckpoints(connection, partition, last, subject, signal);
  } catch (error) {
    if (isStreamError(error, 'NOT_FOUND')) return [];
    throw error;
  }
}

async function measureSources(options: RecoveryOptions): Promise<Record<Source, StreamState>> {
  const measured = sources.map(async (source) => [source, await streamState(options.connection, streamOf(options, source))] as const);
  return Object.fromEntries(await Promise.all(measured)) as Record<Source, StreamState>;
}

function extentsOf(options: RecoveryOptions, states: Record<Source, StreamState>, last: StoredCheckpoint | undefined) {
  const extents = sources.map((source): readonly [Source, LogExtent] => {
    const { first, last: end, createdAt } = states[source];
    const said = last?.checkpoint.createdAt[streamOf(options, source)];
    return [source, { first, last: end, sameStream: said === undefined || said === createdAt }];
  });
  return Object.fromEntries(extents) as Record<Source, LogExtent>;
}

interface JournalTail {
  readonly events: Remains['events'];
  readonly clock: RecordedClock | undefined;
}

async function readJournal(options: RecoveryOptions, contained: number): Promise<JournalTail> {
  const { connection, partition, journalEnd, signal } = options;
  const filter = journalSubject(partition, 'events');
  const events: Remains['events'][number][] = [];
  let clock: RecordedClock | undefined;
  const read = { stream: journalStream(partition), from: contained + 1, to: journalEnd, filter, dense: false, signal };
  for await (const entries of readUntil(connection, read)) {
    for (const entry of entries) {
      const { epoch, events: recorded, clock: marks } = JSON.parse(Buffer.from(entry.body).toString()) as JournalEntry;
      if (marks) clock = { ...marks, sequence: entry.sequence };
      for (const event of recorded) events.push({ event, epoch, sequence: entry.sequence });
    }
  }
  return { events, clock };
}

async function restoreTickets(options: RecoveryOptions, source: Source, state: StreamState): Promise<void> {
  const { connection, engine, signal } = options;
  // Copies in WAIT may lie above the last entry that was read there.
  const to = source === 'wait' ? state.last : engine.seen(source);
  if (to < state.first) return;
  const stream = streamOf(options, source);
  for await (const entries of readUntil(connection, { stream, from: state.first, to, headersOnly: true, dense: source !== 'wait', signal })) {
    for (const entry of entries) {
      const ticket = readTicket(entry.header(ticketHeader));
      if (ticket) engine.restoreTicket(ticket, placeOf(source, entry.sequence), readRevival(entry));
    }
  }
}

async function restoreStates({ connection, partition, engine, signal }: RecoveryOptions): Promise<void> {
  const stream = stateStream(partition);
  const { first, last } = await streamState(connection, stream);
  if (last < first) return;
  for await (const entries of readUntil(connection, { stream, from: first, to: last, dense: false, signal })) {
    for (const entry of entries) {
      const { asOf, ...record } = JSON.parse(Buffer.from(entry.body).toString()) as StateRecord & { asOf: number };
      engine.restoreState(record, asOf, entry.sequence);
    }
  }
}

function streamOf({ partition }: RecoveryOptions, source: Source): string {
  return source === 'wait' ? waitStream(partition) : mailStream(partition, source);
}

export function placeOf(source: Source, sequence: number): Place {
  return source === 'wait' ? { kind: 'wait', sequence } : { kind: 'log', lane: source, sequence };
}
