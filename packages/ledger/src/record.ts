import type { Reason, Reply, RecipientState, Ticket } from '@posthaste/core';

/** A message as the ledger knows it. */
export interface MessageRecord {
  readonly ticket: Ticket;
  /** In the ticket's order. */
  readonly recipients: readonly RecipientRecord[];
}

/** A recipient: where it is, and what was tried. */
export interface RecipientRecord {
  readonly state: RecipientState;
  /** Wall clock of the last change, milliseconds since the epoch. */
  readonly changedAt: number;
  /** Oldest first; the last `keptAttempts` of them. */
  readonly attempts: readonly AttemptRecord[];
}

export interface AttemptRecord {
  readonly id: string;
  readonly upstream: string;
  readonly sender: string;
  readonly startedAt: number;
  /** Absent while it is under way. */
  readonly ended?: AttemptEnd;
}

export interface AttemptEnd {
  readonly at: number;
  readonly outcome: 'delivered' | 'deferred' | 'failed' | 'doubted' | 'returned';
  readonly reason?: Reason;
  readonly reply?: Reply;
  readonly tookMs?: number;
}

/** Mail for an upstream that is down is handed out and given back without end; what counts are the latest tries. */
export const keptAttempts = 20;
