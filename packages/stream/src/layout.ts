import { isLane, lanes, type Lane } from '@posthaste/core';

/** Names of streams and subjects. `partition` is part of every name; BODIES is shared and has it in its subjects. */

/** The header of an entry in MAIL or WAIT that holds the ticket. */
export const ticketHeader = 'Posthaste-Ticket';

export const mailStream = (partition: number, lane: Lane): string => `MAIL_${partition}_${lane}`;
/** No id in the subject: each distinct subject costs the server 395 bytes of memory. */
export const mailSubject = (partition: number, lane: Lane, tenant: string): string => `mail.${partition}.${lane}.${subjectToken(tenant)}`;

export const waitStream = (partition: number): string => `WAIT_${partition}`;
export const waitSubject = (partition: number, id: string): string => `wait.${partition}.${id}`;

export const deadStream = (partition: number): string => `DEAD_${partition}`;
export const deadSubject = (partition: number, id: string): string => `dead.${partition}.${id}`;

export const stateStream = (partition: number): string => `STATE_${partition}`;
export const stateSubject = (partition: number, id: string): string => `state.${partition}.${id}`;

export type JournalKind = 'events' | 'checkpoint';
export const journalStream = (partition: number): string => `JOURNAL_${partition}`;
export const journalSubject = (partition: number, kind: JournalKind): string => `journal.${partition}.${kind}`;

export const bodiesStream = 'BODIES';
export const bodySubject = (partition: number, id: string, chunk: number): string => `body.${partition}.${id}.${chunk}`;
/** All chunks of one body. */
export const bodyFilter = (partition: number, id: string): string => `body.${partition}.${id}.*`;

/** How long an idempotency key is kept: a lasting one for its full time, or it is refused; of brief ones the oldest make room when there are too many. */
export type KeyLife = 'lasting' | 'brief';
/** Idempotency keys: one entry a key, by its digest. All partitions share them, so that a key is found again when their number was raised meanwhile. */
export const keysStream = (life: KeyLife): string => (life === 'brief' ? 'BRIEF_KEYS_0' : 'KEYS_0');
export const keySubject = (life: KeyLife, digest: string): string => `${life === 'brief' ? 'briefkey' : 'key'}.0.${digest}`;
export const keyFilter = (life: KeyLife): string => keySubject(life, '*');

export const leasesStream = 'KV_LEASES';
export const leaseSubject = (partition: number): string => `$KV.LEASES.partition.${partition}`;
/** The header of an entry in LEASES that says how many partitions its scheduler knows of. */
export const partitionsHeader = 'Posthaste-Partitions';
/** Says that a scheduler is there. */
export const presenceSubject = (scheduler: string): string => `$KV.LEASES.scheduler.${subjectToken(scheduler)}`;

export const settingsStream = 'KV_SETTINGS';
/** What lies in SETTINGS, each entry under a name of its own. */
export type SettingKind = 'suspension';
export const settingSubject = (kind: SettingKind, name: string): string => `$KV.SETTINGS.${kind}.${name}`;
export const settingFilter = (kind: SettingKind): string => settingSubject(kind, '*');

export const sharesStream = 'KV_SHARES';
/** How limits are divided among the partitions: one entry for all of them, so that a move is one write. */
export const sharesSubject = '$KV.SHARES.limits';

/** The logs of fresh mail of one partition, most urgent first. */
export const mailStreams = (partition: number): readonly string[] => lanes.map((lane) => mailStream(partition, lane));

/** The lane that a log of fresh mail belongs to; undefined for any other stream. */
export function laneOfStream(stream: string): Lane | undefined {
  const word = /^MAIL_\d+_(\w+)$/.exec(stream)?.[1];
  return word !== undefined && isLane(word) ? word : undefined;
}

/** The partition that a stream belongs to, BODIES and the key-value ones aside. */
export function partitionOfStream(stream: string): number {
  return Number(/^[A-Z]+_(\d+)/.exec(stream)?.[1]);
}

/** A tenant as one token of a subject: letters, digits, `-` and `_` stay, every other byte becomes `=hh`. */
export function subjectToken(name: string): string {
  if (name === '') return '=';
  return name.replace(/[^A-Za-z0-9_-]/gu, (symbol) => [...Buffer.from(symbol)].map((byte) => `=${byte.toString(16).padStart(2, '0')}`).join(''));
}
