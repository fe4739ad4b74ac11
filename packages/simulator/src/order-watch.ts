import { type DomainLimits, domainOf, laneNameOf, type JournalEvent, type LaneTable, type Router } from '@posthaste/core';
import type { Account } from './account.ts';

interface Stretch {
  /** Immediate mails that have never been tried and could go. */
  waiting: number;
  /** Since the first of them came: all dispatches, and those of other lanes. */
  dispatches: number;
  others: number;
}

/** Watches that immediate mail takes the next free slot of a backlog but for the shares that other lanes are sure of. */
export class OrderWatch {
  readonly #router: Router;
  readonly #share: number;
  /** Turns that other lanes may be owed when the stretch begins, and the one that was decided before. */
  readonly #mostOwed: number;
  /** Mail to these waits for more than its turn. */
  readonly #limited: DomainLimits;
  readonly #stretches = new Map<number, Stretch>();

  constructor(router: Router, lanes: LaneTable, limited: DomainLimits) {
    this.#router = router;
    this.#limited = limited;
    // Immediate mail stands first.
    const others = lanes.all.slice(1);
    this.#share = others.reduce((sum, { share }) => sum + share, 0);
    this.#mostOwed = others.length + 1;
  }

  /** The scheduler began anew: its turns are not remembered. */
  forget(): void {
    for (const stretch of this.#stretches.values()) [stretch.dispatches, stretch.others] = [0, 0];
  }

  noteAccepted(account: Account): void {
    if (this.#isWatched(account)) this.#stretchOf(account).waiting += 1;
  }

  /** Before the event changes the account. */
  note(event: JournalEvent, account: Account): void {
    if (event.kind === 'started') this.#noteStart(account, event.recipients[0] ?? 0);
    if ((event.kind === 'started' || event.kind === 'expired') && this.#isWatched(account) && isUntouched(account)) this.#leave(account);
  }

  #noteStart(account: Account, recipient: number): void {
    const stretch = this.#stretchOf(account, recipient);
    if (stretch.waiting === 0) return;
    stretch.dispatches += 1;
    if (laneNameOf(account.ticket) !== 'immediate') stretch.others += 1;
    if (stretch.others > stretch.dispatches * this.#share + this.#mostOwed) {
      throw new Error(`${stretch.others} of ${stretch.dispatches} dispatches went to other lanes while immediate mail waited`);
    }
  }

  #leave(account: Account): void {
    const stretch = this.#stretchOf(account);
    stretch.waiting -= 1;
    if (stretch.waiting === 0) [stretch.dispatches, stretch.others] = [0, 0];
  }

  /** One recipient, so that one destination has it. */
  #isWatched({ ticket }: Account): boolean {
    const { due, recipients } = ticket;
    if (laneNameOf(ticket) !== 'immediate' || due !== undefined || recipients.length !== 1) return false;
    return !this.#limited.has('*') && !this.#limited.has(domainOf(recipients[0]?.address ?? ''));
  }

  #stretchOf({ ticket }: Account, recipient = 0): Stretch {
    const place = this.#router.destinationOf(ticket, recipient);
    const stretch = this.#stretches.get(place) ?? { waiting: 0, dispatches: 0, others: 0 };
    this.#stretches.set(place, stretch);
    return stretch;
  }
}

function isUntouched({ states }: Account): boolean {
  const [state] = states;
  return state?.kind === 'queued' && state.attempt === undefined && state.attempts === 0;
}
