import type { JournalEvent, LaneTable, NamedLane } from '@posthaste/core';
import { type Account, readyAt } from './account.ts';

/** What came of some mail, counted in recipients but for `mails` and `late`. */
export class Measure {
  mails = 0;
  recipients = 0;
  delivered = 0;
  expired = 0;
  failed = 0;
  /** Attempts after the first. */
  retried = 0;
  doubted = 0;
  /** Delivered only because the lane's policy takes what is in doubt as sent. */
  presumed = 0;
  /** In doubt, and left to an operator. */
  held = 0;
  /** Mails that were begun after their lane's target. */
  late = 0;
  /** From acceptance, or the due time, to the upstream's yes; milliseconds. */
  readonly latencies: number[] = [];
}

/** Measures by lane, and by lane and tenant. */
export class Measures {
  readonly byLane = new Map<NamedLane, Measure>();
  readonly byTenant = new Map<string, { readonly lane: NamedLane; readonly tenant: string; readonly measure: Measure }>();
  readonly #lanes: LaneTable;

  constructor(lanes: LaneTable) {
    this.#lanes = lanes;
  }

  open(account: Account): void {
    for (const measure of this.#measuresOf(account)) {
      measure.mails += 1;
      measure.recipients += account.ticket.recipients.length;
    }
  }

  /** Before the event changes the account's state of this recipient. */
  note(event: JournalEvent, account: Account, recipient: number, at: number): void {
    const isFirst = account.states.every((state) => state.kind === 'queued' && state.attempt === undefined);
    for (const measure of this.#measuresOf(account)) {
      switch (event.kind) {
        case 'started':
          if (isFirst && at - readyAt(account) > this.#lanes.of(account.ticket).targetMs) measure.late += 1;
          if ((account.states[recipient]?.attempts ?? 0) > 0) measure.retried += 1;
          break;
        case 'delivered':
          measure.delivered += 1;
          if (event.presumed) measure.presumed += 1;
          measure.latencies.push((account.arrivedAt[recipient] ?? at) - readyAt(account));
          break;
        case 'expired':
          measure.expired += 1;
          break;
        case 'failed':
          measure.failed += 1;
          break;
        case 'doubted':
          measure.doubted += 1;
          break;
        case 'held':
          measure.held += 1;
          break;
        default:
      }
    }
  }

  #measuresOf({ ticket }: Account): [Measure, Measure] {
    const { tenant } = ticket;
    const lane = this.#lanes.of(ticket);
    const ofLane = this.byLane.get(lane) ?? new Measure();
    this.byLane.set(lane, ofLane);
    const key = `${lane.name} ${tenant}`;
    const ofTenant = this.byTenant.get(key) ?? { lane, tenant, measure: new Measure() };
    this.byTenant.set(key, ofTenant);
    return [ofLane, ofTenant.measure];
  }
}
