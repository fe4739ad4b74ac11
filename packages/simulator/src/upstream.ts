import type { RecipientOutcome, Reply } from '@posthaste/core';
import type { Random } from '@posthaste/core/simulation';
import { PerSecond } from './per-second.ts';
import { isIn, type Stretch, stretchesOf } from './troubles.ts';
import type { Latency, UpstreamModel } from './workload.ts';

/** What comes of a transaction, and when. `arrived`: the recipients whose mail it has, whatever it says. */
export interface Transaction {
  /** MAIL FROM was written. */
  readonly written: boolean;
  readonly tookMs: number;
  readonly outcomes: readonly RecipientOutcome[];
  readonly arrived: readonly number[];
}

const replies = {
  delivered: { code: 250, enhanced: '2.0.0', text: 'Ok' },
  deferred: { code: 451, enhanced: '4.3.0', text: 'Try again later' },
  bounced: { code: 550, enhanced: '5.1.1', text: 'No such user' },
  tooFast: { code: 450, enhanced: '4.7.28', text: 'Rate limited' },
} satisfies Record<string, Reply>;

const ninetyNinth = 2.326;

/** An upstream as its model says: how long it takes, what it refuses, when it is away. It never knows who asks. */
export class Upstream {
  readonly name: string;
  readonly model: UpstreamModel;
  /** Transactions that are under way. */
  busy = 0;
  readonly mailFroms = new PerSecond();
  readonly taken = new PerSecond();
  readonly outages: readonly Stretch[];
  refusedByRate = 0;
  readonly #slow: readonly { readonly stretches: readonly Stretch[]; readonly latency: Latency }[];
  readonly #metAt = new Map<string, number>();
  readonly #lately: number[] = [];
  readonly #random: Random;

  constructor(name: string, model: UpstreamModel, untilMs: number, random: Random) {
    this.name = name;
    this.model = model;
    this.#random = random;
    this.outages = model.outages.flatMap((trouble) => stretchesOf(trouble, untilMs, random));
    this.#slow = model.slow.map(({ trouble, latency }) => ({ stretches: stretchesOf(trouble, untilMs, random), latency }));
  }

  /** Whether it takes one more connection. */
  get hasRoom(): boolean {
    return this.model.connections === null || this.busy < this.model.connections;
  }

  isOut(now: number): boolean {
    return isIn(this.outages, now);
  }

  /** What comes of a transaction that begins at `now`. */
  begin(now: number, addresses: readonly string[], recipients: readonly number[]): Transaction {
    if (this.isOut(now)) {
      const reply = { code: 0, text: 'connection refused' };
      return { written: false, tookMs: this.model.outageMs, outcomes: [{ recipients, outcome: 'upstreamDown', reply }], arrived: [] };
    }
    const tookMs = this.#draw(this.#latencyAt(now));
    this.mailFroms.add(now);
    if (this.#isTooFast(now)) {
      this.refusedByRate += 1;
      return { written: true, tookMs: tookMs / 4, outcomes: [{ recipients, outcome: 'deferred', reply: replies.tooFast }], arrived: [] };
    }
    return this.#transact(now, tookMs, addresses, recipients);
  }

  #transact(now: number, tookMs: number, addresses: readonly string[], recipients: readonly number[]): Transaction {
    const isLost = this.#random.chance(this.model.errors.lost);
    const hasArrived = !isLost || this.#random.chance(0.5);
    const arrived: number[] = [];
    const outcomes = recipients.map((recipient, index): RecipientOutcome => {
      const { outcome, reply } = this.#judge(now, addresses[index] ?? '');
      if (outcome !== 'delivered') return { recipients: [recipient], outcome, reply };
      if (hasArrived) arrived.push(recipient);
      return isLost
        ? { recipients: [recipient], outcome: 'inDoubt', reply: { code: 0, text: 'the connection was lost' } }
        : { recipients: [recipient], outcome, reply };
    });
    return { written: true, tookMs, outcomes, arrived };
  }

  #judge(now: number, address: string): { readonly outcome: 'delivered' | 'deferred' | 'bounced'; readonly reply: Reply } {
    const { greylisting, errors } = this.model;
    if (greylisting.share > 0 && shareOf(address) < greylisting.share) {
      const leftMs = this.#firstMet(address, now) + greylisting.forMs - now;
      const text = `Greylisted, try again in ${Math.ceil(leftMs / 1_000)} seconds`;
      if (leftMs > 0) return { outcome: 'deferred', reply: { code: 450, enhanced: '4.2.0', text } };
    }
    if (this.#random.chance(errors.deferred)) return { outcome: 'deferred', reply: replies.deferred };
    if (this.#random.chance(errors.bounced)) return { outcome: 'bounced', reply: replies.bounced };
    return { outcome: 'delivered', reply: replies.delivered };
  }

  #firstMet(address: string, now: number): number {
    const met = this.#metAt.get(address) ?? now;
    this.#metAt.set(address, met);
    return met;
  }

  /** Counted over the last second, whatever is refused in it. */
  #isTooFast(now: number): boolean {
    const { perSecond } = this.model;
    if (perSecond === null) return false;
    while ((this.#lately[0] ?? Infinity) <= now - 1_000) this.#lately.shift();
    if (this.#lately.length >= perSecond) return true;
    this.#lately.push(now);
    return false;
  }

  #latencyAt(now: number): Latency {
    return this.#slow.find(({ stretches }) => isIn(stretches, now))?.latency ?? this.model.latency;
  }

  /** Log-normal: by Box and Muller. */
  #draw({ p50Ms, p99Ms }: Latency): number {
    const one = 1 - this.#random.word() / 2 ** 32;
    const normal = Math.sqrt(-2 * Math.log(one)) * Math.cos((2 * Math.PI * this.#random.word()) / 2 ** 32);
    return p50Ms * Math.exp((Math.log(Math.max(1, p99Ms) / Math.max(1, p50Ms)) / ninetyNinth) * normal);
  }
}

/** The same address has the same fate each time: FNV-1a, as a share. */
function shareOf(address: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < address.length; index += 1) hash = Math.imul(hash ^ address.charCodeAt(index), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
