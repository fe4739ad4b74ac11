import { callServer, readAnswer } from './api.ts';
import type { StreamConnection } from './connection.ts';
import { readLast } from './direct.ts';
import { isStreamError } from './errors.ts';
import { leasesStream, partitionsHeader, presenceSubject } from './layout.ts';
import { currentLease, partitionsOf, type LeaseOwner } from './lease.ts';
import { removeEntry } from './removal.ts';

/** All that LEASES says at one moment. */
export interface Roster {
  /** Who owns which partition; one that nobody owns is missing. */
  readonly owners: ReadonlyMap<number, LeaseOwner>;
  /** How many partitions there are, as those say who own some: other answers than one's own while the number is being raised. */
  readonly ownersCounts: ReadonlySet<number>;
  /** The schedulers that are there to share the partitions among them, and how many each knows of; an older version says nothing of that. */
  readonly schedulers: ReadonlyMap<string, number | undefined>;
}

/** Rejects with AWAY, and with NOT_FOUND before the streams were created. */
export async function readRoster(connection: StreamConnection): Promise<Roster> {
  const subjects = await subjectsOf(connection, leasesStream);
  const partitions = subjects.flatMap((subject) => /^\$KV\.LEASES\.partition\.(\d+)$/.exec(subject)?.[1] ?? []).map(Number);
  const presences = subjects.filter((subject) => subject.startsWith(presenceSubject('x').slice(0, -1)));
  const [owners, schedulers] = await Promise.all([
    Promise.all(partitions.map(async (partition) => [partition, await currentLease(connection, partition)] as const)),
    Promise.all(presences.map((subject) => readPresence(connection, subject))),
  ]);
  return {
    owners: new Map(owners.flatMap(([partition, lease]) => (lease ? [[partition, lease.owner]] : []))),
    ownersCounts: new Set(owners.flatMap(([, lease]) => lease?.partitions ?? [])),
    schedulers: new Map(schedulers.flatMap((presence) => (presence ? [[presence.name, presence.partitions]] : []))),
  };
}

async function subjectsOf(connection: StreamConnection, stream: string): Promise<string[]> {
  const { state } = await callServer<{ state: { subjects?: Record<string, number> } }>(connection, `STREAM.INFO.${stream}`, { subjects_filter: '>' });
  return Object.keys(state.subjects ?? {});
}

/** Undefined when it has just ended. */
async function readPresence(
  connection: StreamConnection,
  subject: string,
): Promise<{ readonly name: string; readonly partitions: number | undefined } | undefined> {
  try {
    const entry = await readLast(connection, leasesStream, subject);
    return entry.body.length === 0 ? undefined : { name: new TextDecoder().decode(entry.body), partitions: partitionsOf(entry) };
  } catch (error) {
    if (isStreamError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Says that a scheduler is there, and how many partitions it knows of; the server forgets it after `ttlMs` (whole seconds) unless it is said again. Rejects with AWAY. */
export async function announcePresence(connection: StreamConnection, scheduler: string, partitions: number, ttlMs: number): Promise<void> {
  const headers = { [partitionsHeader]: String(partitions), 'Nats-TTL': `${Math.ceil(ttlMs / 1_000)}s` };
  readAnswer(await connection.ask(presenceSubject(scheduler), new TextEncoder().encode(scheduler), { headers }), 'announcing a scheduler');
}

/** It is leaving: the others need not wait for the end of its time. */
export async function withdrawPresence(connection: StreamConnection, scheduler: string): Promise<void> {
  try {
    const { sequence } = await readLast(connection, leasesStream, presenceSubject(scheduler));
    await removeEntry(connection, leasesStream, sequence);
  } catch (error) {
    if (!isStreamError(error, 'NOT_FOUND')) throw error;
  }
}
