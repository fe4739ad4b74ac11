import type { RecipientState, Ticket } from '@posthaste/core';

/** What is known of a mail that is not finished, or not long finished. Times are virtual; lists are by recipient. */
export interface Account {
  readonly ticket: Ticket;
  readonly acceptedAt: number;
  readonly states: RecipientState[];
  /** How often it arrived, when last, and how often it may have without anybody's knowing. */
  readonly arrivals: number[];
  readonly arrivedAt: number[];
  readonly doubts: number[];
  /** Of what waits for a while to pass: not before this virtual time. */
  readonly dueAt: number[];
  /** Recipients that are not final. */
  open: number;
}

/** Since when it could go: its acceptance, or its due time. */
export function readyAt({ ticket, acceptedAt }: Account): number {
  return ticket.due === undefined ? acceptedAt : acceptedAt + ticket.due - ticket.acceptedAt;
}
