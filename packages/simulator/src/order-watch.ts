import type { JournalEvent, LaneShares, Router } from '@posthaste/core';
import type { Account } from './account.ts';

interface Stretch {
  /** Immediate mails that have never been tried and could go. */
  waiting: number;
  /** Since the first of them came: all dispatches, and those of other lanes. */
  dispatches: number;
  others: number;
}

/** Turns that other lanes may be owed when the stretch begins, and the one that was decided before. */
const mostOwed = 4;

/** Watches that immediate mail takes the next free slot of a backlog but for the shares that other lanes are sure of. */
export class OrderWatch {
  readonly #router: Router;
  readonly #share: number;
  readonly #stretches = new Map<number, Stretch>();

  constructor(router: Router, shares: LaneShares) {
    this.#router = router;
    this.#share = shares.high + shares.normal + shares.low;
  }

  /** The scheduler began anew: its turns are not remembered. */
  forget(): void {
    for (const stretch of this.#stretches.values()) [stretch.dispatches, stretch.others] = [0, 0];
  }

  noteAccepted(account: Account): void {
    if (isWatched(account)) this.#stretchOf(account).waiting += 1;
  }

  /** Before the event changes the account. */
  note(event: JournalEvent, account: Account): void {
    if (event.kind === 'started') this.#noteStart(account, event.recipients[0] ?? 0);
    if ((event.kind === 'started' || event.kind === 'expired') && isWatched(account) && isUntouched(account)) this.#leave(account);
  }

  #noteStart(account: Account, recipient: number): void {
    const stretch = this.#stretchOf(account, recipient);
    if (stretch.waiting === 0) return;
    stretch.dispatches += 1;
    if (account.ticket.lane !== 'immediate') stretch.others += 1;
    if (stretch.others > stretch.dispatches * this.#share + mostOwed) {
      throw new Error(`${stretch.others} of ${stretch.dispatches} dispatches went to other lanes while immediate mail waited`);
    }
  }

  #leave(account: Account): void {
    const stretch = this.#stretchOf(account);
    stretch.waiting -= 1;
    if (stretch.waiting === 0) [stretch.dispatches, stretch.others] = [0, 0];
  }

  #stretchOf({ ticket }: Account, recipient = 0): Stretch {
    const place = this.#router.destinationOf(ticket, recipient);
    const stretch = this.#stretches.get(place) ?? { waiting: 0, dispatches: 0, others: 0 };
    this.#stretches.set(place, stretch);
    return stretch;
  }
}

/** One recipient, so that one upstream has it. */
function isWatched({ ticket }: Account): boolean {
  return ticket.lane === 'immediate' && ticket.due === undefined && ticket.recipients.length === 1;
}

function isUntouched({ states }: Account): boolean {
  const [state] = states;
  return state?.kind === 'queued' && state.attempt === undefined && state.attempts === 0;
}
