import type { JournalEvent } from './journal.ts';

/** Recipients, counted from the journal: a pure fold, so that recovery arrives at the same figures. */
export interface Tally {
  accepted: number;
  delivered: number;
  failed: number;
  expired: number;
  cancelled: number;
  /** Times that a delivery was in doubt. */
  doubted: number;
}

export const noTally: Readonly<Tally> = { accepted: 0, delivered: 0, failed: 0, expired: 0, cancelled: 0, doubted: 0 };

/** One tally a tenant. */
export type Tallies = Map<string, Tally>;

export function count(tallies: Tallies, event: JournalEvent): void {
  switch (event.kind) {
    case 'accepted':
      tallyOf(tallies, event.ticket.tenant).accepted += event.ticket.recipients.length;
      return;
    case 'delivered':
    case 'failed':
    case 'expired':
    case 'cancelled':
    case 'doubted':
      tallyOf(tallies, event.tenant)[event.kind] += event.recipients.length;
      return;
    case 'revived':
      // A dead letter moves back among those that are alive.
      tallyOf(tallies, event.tenant).failed -= event.recipients.length;
      return;
    default:
      return;
  }
}

/** Accepted less final: as many recipients must be alive. */
export function expectedLive(tally: Tally): number {
  return tally.accepted - tally.delivered - tally.failed - tally.expired - tally.cancelled;
}

function tallyOf(tallies: Tallies, tenant: string): Tally {
  let tally = tallies.get(tenant);
  if (!tally) tallies.set(tenant, (tally = { ...noTally }));
  return tally;
}
