import { lanes, type Lane } from '@posthaste/core';
import {
  bodiesStream,
  deadStream,
  journalStream,
  keyFilter,
  keysStream,
  leasesStream,
  mailStream,
  settingsStream,
  sharesStream,
  stateStream,
  waitStream,
} from './layout.ts';

/** Shares of the storage, as fractions; together at most 0.9, so that the file store is never full. */
export interface StorageShares {
  readonly mail: Readonly<Record<Lane, number>>;
  readonly wait: number;
  readonly dead: number;
  readonly state: number;
  readonly journal: number;
  readonly bodies: number;
  readonly keys: number;
  readonly briefKeys: number;
  readonly settings: number;
}

export interface StreamLimits {
  readonly shares: StorageShares;
  /** Most mails of one tenant in one lane's log: one tenant never fills it alone. */
  readonly tenantMessages: number;
  /** Most mails in one log, and in WAIT. */
  readonly tickets: number;
  /** Copies of each stream in a cluster: 1, 3 or 5. */
  readonly replicas: number;
  /** How long MAIL and WAIT know a message id after its entry was stored; a second one of the same id is not stored meanwhile. Milliseconds. */
  readonly duplicateWindowMs: number;
  /** How long dead letters are kept, milliseconds. */
  readonly deadLetterAgeMs: number;
}

export const defaultLimits: StreamLimits = {
  shares: {
    mail: { immediate: 0.06, high: 0.08, normal: 0.2, low: 0.18 },
    wait: 0.1,
    dead: 0.04,
    state: 0.03,
    journal: 0.08,
    bodies: 0.1,
    keys: 0.014,
    briefKeys: 0.014,
    settings: 0.002,
  },
  tenantMessages: 1_000_000,
  tickets: 1_000_000,
  replicas: 1,
  duplicateWindowMs: 120_000,
  deadLetterAgeMs: 7 * 24 * 3_600_000,
};

/** The part of JetStream's stream configuration that we decide. Durations in nanoseconds. */
export interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly retention: 'limits';
  readonly storage: 'file';
  readonly discard: 'new' | 'old';
  readonly max_bytes: number;
  readonly max_msgs: number;
  readonly max_msgs_per_subject: number;
  readonly max_age: number;
  readonly duplicate_window: number;
  readonly num_replicas: number;
  readonly allow_direct: boolean;
  readonly allow_atomic: boolean;
  readonly allow_msg_ttl: boolean;
  readonly discard_new_per_subject: boolean;
  readonly allow_rollup_hdrs: boolean;
}

const milliseconds = 1_000_000;
const seconds = 1_000 * milliseconds;
const duplicateWindow = 120 * seconds;
const keyAge = { lasting: 24 * 3600 * seconds, brief: 15 * 60 * seconds };
/** Each costs the server some 600 bytes of memory: 300 MB at most. */
const mostBriefKeys = 500_000;
/** A lease has some 200 bytes; this is room for hundreds of partitions. */
const leasesBytes = 128 * 1024;
/** The largest message that the server takes by default, twice: the new entry is written before the old one goes. */
const sharesBytes = 2 * 1024 * 1024;

/** The streams of all partitions, and those that they share. `storageBytes` is what the shares are taken of; what is a partition's own is divided by their number. */
export function planStreams(partitions: number, storageBytes: number, limits: StreamLimits): readonly StreamConfig[] {
  const own = Array.from({ length: partitions }, (_, partition) => planPartition(partition, storageBytes / partitions, limits));
  return [...own.flat(), ...planShared(storageBytes, limits)];
}

function planPartition(partition: number, storageBytes: number, limits: StreamLimits): readonly StreamConfig[] {
  const { shares, tickets, tenantMessages, duplicateWindowMs } = limits;
  const stream = planner(storageBytes, limits);
  const perTenant = { max_msgs: tickets, max_msgs_per_subject: tenantMessages, discard_new_per_subject: true };
  const window = { duplicate_window: duplicateWindowMs * milliseconds };
  return [
    ...lanes.map((lane) => stream(mailStream(partition, lane), `mail.${partition}.${lane}.*`, shares.mail[lane], { ...perTenant, ...window })),
    stream(waitStream(partition), `wait.${partition}.*`, shares.wait, { max_msgs: tickets, ...window }),
    stream(deadStream(partition), `dead.${partition}.*`, shares.dead, { discard: 'old', max_age: limits.deadLetterAgeMs * milliseconds }),
    stream(stateStream(partition), `state.${partition}.*`, shares.state, { max_msgs_per_subject: 1 }),
    stream(journalStream(partition), `journal.${partition}.*`, shares.journal),
  ];
}

function planShared(storageBytes: number, limits: StreamLimits): readonly StreamConfig[] {
  const { shares } = limits;
  const stream = planner(storageBytes, limits);
  const lastingKeys = { max_msgs_per_subject: 1, discard_new_per_subject: true, max_age: keyAge.lasting };
  const briefKeys = { max_msgs_per_subject: 1, discard: 'old', max_msgs: mostBriefKeys, max_age: keyAge.brief } as const;
  return [
    stream(bodiesStream, 'body.>', shares.bodies),
    stream(keysStream('lasting'), keyFilter('lasting'), shares.keys, lastingKeys),
    stream(keysStream('brief'), keyFilter('brief'), shares.briefKeys, briefKeys),
    stream(leasesStream, '$KV.LEASES.>', 0, { ...keyValue, allow_msg_ttl: true, max_bytes: leasesBytes }),
    stream(settingsStream, '$KV.SETTINGS.>', shares.settings, keyValue),
    stream(sharesStream, '$KV.SHARES.>', 0, { ...keyValue, max_bytes: sharesBytes }),
  ];
}

function planner(storageBytes: number, { replicas }: StreamLimits) {
  return (name: string, subject: string, share: number, rules: Partial<StreamConfig> = {}): StreamConfig => ({
    ...base(replicas),
    name,
    subjects: [subject],
    max_bytes: Math.floor(storageBytes * share),
    ...rules,
  });
}

/** The fraction of the storage that all streams take together. */
export function sumOfShares({ mail, ...others }: StorageShares): number {
  return [...Object.values(mail), ...Object.values(others)].reduce((sum, share) => sum + share, 0);
}

/** Limits retention throughout: an interest stream without a consumer acknowledges and stores nothing. */
const base = (replicas: number) =>
  ({
    retention: 'limits',
    storage: 'file',
    discard: 'new',
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_age: 0,
    duplicate_window: duplicateWindow,
    num_replicas: replicas,
    allow_direct: true,
    allow_atomic: true,
    allow_msg_ttl: false,
    discard_new_per_subject: false,
    allow_rollup_hdrs: false,
  }) as const;

/** What makes a stream a key-value bucket for other clients too. */
const keyValue = { max_msgs_per_subject: 1, allow_rollup_hdrs: true } as const;
