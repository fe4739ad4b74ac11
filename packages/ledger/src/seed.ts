import { lanes, readTicket, type StateRecord, type Ticket } from '@posthaste/core';
import {
  mailStream,
  readUntil,
  stateStream,
  streamState,
  ticketHeader,
  waitStream,
  type StreamConnection,
  type StreamEntry,
} from '@posthaste/stream';
import { firstRecord } from './fold.ts';
import type { MessageRecord } from './record.ts';

export interface SeedOptions {
  readonly connection: StreamConnection;
  readonly partition: number;
  readonly signal: AbortSignal;
}

/** The lane only when an operator has changed it. */
interface Known extends Pick<StateRecord, 'states' | 'lane' | 'furtherLane'> {
  readonly at: number;
}

/**
 * Mail under way whose acceptance the journal does not tell any more: every ticket in WAIT, and those in the logs whose state stands in STATE. Another
 * ticket in a log may have been finished long ago, so it is left out: the scheduler is asked for such mail one by one. What the journal tells later is
 * applied on top. Comes in lists, as it is read.
 */
export async function* readSeed(options: SeedOptions): AsyncGenerator<MessageRecord[]> {
  const states = await readStates(options);
  for await (const entries of readAll(options, waitStream(options.partition), true))
    yield ticketsOf(entries).map((ticket) => recordOf(ticket, states));
  if (states.size === 0) return;
  for (const lane of lanes) {
    for await (const entries of readAll(options, mailStream(options.partition, lane), true)) {
      yield ticketsOf(entries).flatMap((ticket) => (states.has(ticket.id) ? recordOf(ticket, states) : []));
    }
  }
}

async function readStates(options: SeedOptions): Promise<Map<string, Known>> {
  const states = new Map<string, Known>();
  for await (const entries of readAll(options, stateStream(options.partition), false)) {
    for (const { body, time } of entries) {
      const { id, ...known } = JSON.parse(Buffer.from(body).toString()) as StateRecord;
      states.set(id, { ...known, at: time });
    }
  }
  return states;
}

/** All that the stream holds now. */
async function* readAll({ connection, signal }: SeedOptions, stream: string, headersOnly: boolean): AsyncGenerator<readonly StreamEntry[]> {
  const { first, last } = await streamState(connection, stream);
  if (first <= last) yield* readUntil(connection, { stream, from: first, to: last, headersOnly, dense: false, signal });
}

function ticketsOf(entries: readonly StreamEntry[]): Ticket[] {
  return entries.flatMap((entry) => readTicket(entry.header(ticketHeader)) ?? []);
}

function recordOf(ticket: Ticket, states: ReadonlyMap<string, Known>): MessageRecord {
  const known = states.get(ticket.id);
  const first = firstRecord(ticket, ticket.acceptedAt);
  const recipients = ticket.recipients.map((_, number) => {
    const state = known?.states[number];
    return state ? { state, changedAt: known.at, attempts: [] } : first;
  });
  return { ticket: known?.lane === undefined ? ticket : { ...ticket, lane: known.lane, furtherLane: known.furtherLane }, recipients };
}
