import type { WrittenLane } from '@posthaste/core';

/** What is done to Posthaste: the mail that comes, how its surroundings behave, and what breaks. Times are milliseconds from the beginning. */
export interface Workload {
  readonly name: string;
  /** Wall clock at the beginning, milliseconds since the epoch. */
  readonly startsAt: number;
  /** How far into its day that is, by the offset that it is written with: `peak` and `hourly` count from midnight. */
  readonly intoDayMs: number;
  /** As long as mail comes. */
  readonly forMs: number;
  /** How long what is left may take after that. */
  readonly drainMs: number;
  readonly sources: readonly Source[];
  /** By name; `*` is for those that are not named. */
  readonly upstreams: ReadonlyMap<string, UpstreamModel>;
  readonly senders: Staffing;
  readonly crashes: { readonly scheduler: readonly Trouble[]; readonly senders: readonly Trouble[] };
  readonly network: Network;
  readonly jumps: readonly ClockJump[];
  readonly costs: Costs;
}

/** An application that sends mail. */
export interface Source {
  readonly name: string;
  readonly lane: WrittenLane;
  /** Each with its share of the mail. */
  readonly tenants: Shares;
  /** Of the recipients, each with its share. */
  readonly domains: Shares;
  readonly recipients: number;
  /** Different recipients there are. */
  readonly people: number;
  readonly size: number;
  /** Useful for so long after acceptance; null: for ever. */
  readonly ttlMs: number | null;
  /** Not before so long after acceptance; null: at once. */
  readonly delayMs: number | null;
  /** Its patterns begin so long after the beginning. */
  readonly fromMs: number;
  readonly arrivals: readonly Pattern[];
}

export type Shares = readonly (readonly [name: string, share: number])[];

/** When the mail of a source comes. Rates are mails a millisecond. */
export type Pattern =
  | { readonly kind: 'steady'; readonly rate: number }
  /** So many within so long, again and again, the first at once. */
  | { readonly kind: 'bursts'; readonly everyMs: number; readonly mails: number; readonly withinMs: number }
  /** A curve over the day, highest at `peakMs` after midnight and lowest, at this share of the height, twelve hours later. */
  | { readonly kind: 'daily'; readonly mails: number; readonly peakMs: number; readonly lowest: number }
  /** Mails in each hour of the day. */
  | { readonly kind: 'hourly'; readonly mails: readonly number[] }
  | { readonly kind: 'campaign'; readonly atMs: number; readonly mails: number; readonly rate: number };

/** When something goes wrong, and for how long. */
export type Trouble =
  | { readonly kind: 'at'; readonly atMs: number; readonly forMs: number }
  /** At random, so long apart on the average. */
  | { readonly kind: 'every'; readonly everyMs: number; readonly forMs: number };

export interface UpstreamModel {
  /** Of a transaction: half take less, one in a hundred takes more (log-normal between them). */
  readonly latency: Latency;
  /** Connections that it takes from all senders together; null: any number. */
  readonly connections: number | null;
  /** Mails that it takes in a second; what is above it is refused with 450. Null: any number. */
  readonly perSecond: number | null;
  readonly outages: readonly Trouble[];
  /** How long a connection attempt takes to fail while it is out. */
  readonly outageMs: number;
  readonly slow: readonly Slowness[];
  /** Of the recipients, that are let in only so long after the first try. */
  readonly greylisting: { readonly share: number; readonly forMs: number };
  /** Of the recipients: refused for now, refused for good, taken or not without a reply. */
  readonly errors: { readonly deferred: number; readonly bounced: number; readonly lost: number };
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Slowness {
  readonly trouble: Trouble;
  readonly latency: Latency;
}

export interface Staffing {
  readonly count: number;
  /** A sender joins, or one drains and leaves, until there are so many. */
  readonly changes: readonly { readonly atMs: number; readonly count: number }[];
}

export interface Network {
  readonly latencyMs: number;
  /** Of the words between sender and scheduler: said twice, or so late that others overtake them. */
  readonly repeated: number;
  readonly reordered: number;
  /** Average time between two cuts of a stream; null: none. */
  readonly cutEveryMs: number | null;
}

/** The wall clock of the scheduler is set. */
export interface ClockJump {
  readonly atMs: number;
  readonly byMs: number;
}

/** What Posthaste itself takes. */
export interface Costs {
  /** From the submission to its place in the log. */
  readonly acceptMs: number;
  /** An entry of the journal, until it is acknowledged. */
  readonly journalMs: number;
  /** What the core takes for an event that it journals, in virtual time; null: what it really took on this machine. */
  readonly decisionMicros: number | null;
}
