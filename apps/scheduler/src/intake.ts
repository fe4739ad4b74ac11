import { lanes, readTicket, type Lane } from '@posthaste/core';
import { mailStream, readStream, ticketHeader, waitStream, type StreamConnection, type StreamEntry } from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';
import { readRevival } from './dead-letters.ts';
import type { Driver } from './driver.ts';
import { placeOf } from './recovery.ts';

export interface IntakeOptions {
  readonly connection: StreamConnection;
  readonly partition: number;
  readonly driver: Driver;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Reads the tickets of everything that arrives in the logs and in WAIT, from where the engine has seen them. Bodies stay where they are. */
export function startIntake(options: IntakeOptions): Promise<unknown> {
  return Promise.all([...lanes, 'wait' as const].map((source) => readSource(options, source)));
}

async function readSource(options: IntakeOptions, source: Lane | 'wait'): Promise<void> {
  const { connection, partition, driver, clock, log, signal } = options;
  const stream = source === 'wait' ? waitStream(partition) : mailStream(partition, source);
  const from = driver.engine.seen(source) + 1;
  const onGap = (first: number, last: number) => {
    if (source !== 'wait') driver.tell({ kind: 'hole', lane: source, from: first, to: last });
  };
  const read = { stream, from, headersOnly: true, dense: source !== 'wait', onGap, signal, log, clock };
  for await (const entries of readStream(connection, read)) {
    for (const entry of entries) takeIn(options, source, entry);
  }
}

function takeIn({ driver, log }: IntakeOptions, source: Lane | 'wait', entry: StreamEntry): void {
  const ticket = readTicket(entry.header(ticketHeader));
  if (ticket) driver.tell({ kind: 'arrived', ticket, place: placeOf(source, entry.sequence), revival: readRevival(entry) });
  else {
    log.error('an entry without a readable ticket was left out: no door of ours wrote it', { subject: entry.subject, sequence: entry.sequence });
    const { sequence } = entry;
    driver.tell(source === 'wait' ? { kind: 'wait passed', upTo: sequence } : { kind: 'hole', lane: source, from: sequence, to: sequence });
  }
}
