import type { Engine } from '@posthaste/core';
import { bodiesStream, deadStream, deadSubject, isStreamError, readLast, readUntil, streamState, type StreamConnection } from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';
import type { Figures } from './figures.ts';
import type { Removals } from './removals.ts';

const everyMs = 600_000;
/** A submission that is still being written is younger than this, and so is an attachment that can still be named: the api says 30 minutes. */
const orphanAgeMs = 3_600_000;

export interface SweeperOptions {
  readonly connection: StreamConnection;
  readonly partition: number;
  readonly driver: { readonly engine: Pick<Engine, 'find'> };
  readonly figures: Pick<Figures, 'unread'>;
  readonly removals: Pick<Removals, 'body'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Removes bodies that no ticket and no dead letter speaks of: submissions that were broken off before their mail's entry was written, and
 * attachments that were stored by themselves.
 */
export async function sweepBodies(options: SweeperOptions): Promise<void> {
  const { clock, log, signal } = options;
  const metAt = new Map<string, number>();
  while (!signal.aborted) {
    await clock.sleep(everyMs, signal).catch(() => {});
    if (!signal.aborted) await sweep(options, metAt).catch((error: unknown) => log.debug('bodies could not be swept now', { error }));
  }
}

/**
 * @param metAt when each body was first met here, monotonic. Its age by the wall clock is not trusted: one that is set ahead would make a body old whose mail is
 *   being written.
 */
async function sweep(options: SweeperOptions, metAt: Map<string, number>): Promise<void> {
  const { connection, partition, clock, driver, figures, removals, log, signal } = options;
  const { first, last } = await streamState(connection, bodiesStream);
  // A ticket that is stored but unread must not be taken for one that is missing.
  if (last < first || figures.unread > 0) return;
  const here = new Set<string>();
  const filter = `body.${partition}.>`;
  for await (const entries of readUntil(connection, {
    stream: bodiesStream,
    from: first,
    to: last,
    filter,
    headersOnly: true,
    dense: false,
    signal,
  })) {
    for (const { subject } of entries) here.add(subject.split('.')[2] ?? '');
  }
  for (const id of metAt.keys()) if (!here.has(id)) metAt.delete(id);
  const now = clock.monotonic();
  for (const id of here) {
    const since = metAt.get(id) ?? now;
    metAt.set(id, since);
    if (now - since < orphanAgeMs) continue;
    if (driver.engine.find(id) || (await isDeadLetter(connection, partition, id))) continue;
    log.info('a body without a mail is removed', { id });
    removals.body(id);
  }
}

async function isDeadLetter(connection: StreamConnection, partition: number, id: string): Promise<boolean> {
  try {
    await readLast(connection, deadStream(partition), deadSubject(partition, id));
    return true;
  } catch (error) {
    if (isStreamError(error, 'NOT_FOUND')) return false;
    throw error;
  }
}
