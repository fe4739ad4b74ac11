import type { Reply } from './journal.ts';
import { Latency } from './latency.ts';
import { climb, fall, type LearnedBound } from './learned-bound.ts';
import type { LimitUse } from './meter.ts';
import { classifyReply } from './reply-class.ts';

/** Never less than one in six seconds, and one at a time: it must be possible to find out that more is taken again. */
export const leastPerSecond = 1 / 6;
const leastAtOnce = 1;

/** What was under way when it complained goes on complaining: for so long that is one complaint. */
const oneComplaintMs = 5_000;
const afterComplaint = 0.5;
const afterSlowness = 0.75;
/** Of what was under way when it became slow: what is as slow with half of it is not slow because of us. */
const leastOfSlowness = 0.5;
/** Slowness that comes back sooner is the same. */
const oneSlownessMs = 60_000;

/** What parts of a message round off to. */
const tiny = 1e-9;

/** What an upstream was lately given. */
export interface Given {
  readonly perSecond: number;
  /** Those that have just ended included. */
  readonly atOnce: number;
}

/**
 * What an upstream really allows, learned from its complaints and its latency: see docs/limits.md. Nothing is learned, and nothing kept back, until it complains.
 * Times are monotonic, milliseconds.
 */
export class Learning {
  readonly #latency = new Latency();
  #rate: LearnedBound | null = null;
  #places: LearnedBound | null = null;
  #complainedAt = -Infinity;
  #slowedAt = -Infinity;
  /** The last slowness: when it was last seen, and how few at once it may lead to. */
  #slowness = { seenAt: -Infinity, floor: leastAtOnce };
  /** A bucket that empties with the learned rate: how full it was then. */
  #level = 0;
  #levelAt = 0;

  get isInForce(): boolean {
    return this.#rate !== null || this.#places !== null;
  }

  /** Messages a second; Infinity: nothing was learned. */
  get perSecond(): number {
    return this.#rate?.value ?? Infinity;
  }

  /** Attempts at once; Infinity: nothing was learned. */
  get atOnce(): number {
    return this.#places ? Math.floor(this.#places.value + tiny) : Infinity;
  }

  /** A refusal. `given`: what it had been given. */
  hear(reply: Reply, given: () => Given, mono: number): void {
    if (mono - this.#complainedAt < oneComplaintMs || !isComplaint(reply)) return;
    this.#complainedAt = mono;
    const { perSecond, atOnce } = given();
    if (speaksOfConnections.test(reply.text)) this.#places = fall(this.#places, atOnce, afterComplaint, leastAtOnce, mono);
    else this.#slowDownTo(fall(this.#rate, perSecond, afterComplaint, leastPerSecond, mono), mono);
  }

  /** A transaction that it answered. */
  observe(tookMs: number, given: () => Given, mono: number): void {
    if (!this.#latency.note(tookMs, mono)) return;
    if (this.#places) this.#places = { ...this.#places, climbedAt: mono };
    const { atOnce } = given();
    const isNew = mono - this.#slowness.seenAt >= oneSlownessMs;
    this.#slowness = { seenAt: mono, floor: isNew ? Math.max(leastAtOnce, Math.ceil(atOnce * leastOfSlowness)) : this.#slowness.floor };
    if (mono - this.#slowedAt < oneComplaintMs) return;
    // One at a time cannot be too many at once.
    if (atOnce < 2) return;
    this.#slowedAt = mono;
    // What a complaint has taught stays where that is less.
    const floor = Math.min(this.#slowness.floor, this.#places?.value ?? Infinity);
    this.#places = fall(this.#places, atOnce, afterSlowness, floor, mono);
  }

  /** Time alone lets what was learned climb, and makes it forgotten. */
  pass(mono: number): void {
    if (this.#rate) {
      const rate = climb(this.#rate, mono);
      this.#empty(mono);
      this.#rate = rate;
    }
    if (this.#places) this.#places = climb(this.#places, mono);
  }

  /** When the next may be begun if nothing is heard meanwhile; -Infinity: now. */
  freeAt(underWay: number, mono: number): number {
    if (underWay >= this.atOnce) return Infinity;
    const excess = this.#levelBy(mono) + 1 - this.#capacity - tiny;
    return excess <= 0 ? -Infinity : Math.ceil(mono + (excess / this.perSecond) * 1_000);
  }

  /** One has been begun; it is counted in `underWay`. */
  take(underWay: number, mono: number): void {
    if (this.#rate) {
      this.#empty(mono);
      this.#level += 1;
      if (this.freeAt(0, mono) > mono) this.#rate = { ...this.#rate, reachedAt: mono };
    }
    if (this.#places && underWay >= this.atOnce) this.#places = { ...this.#places, reachedAt: mono };
  }

  /** The window is the time that so many take at the learned pace. */
  uses(underWay: number, mono: number): LimitUse[] {
    const [capacity, used] = [this.#capacity, Math.ceil(this.#levelBy(mono) - tiny)];
    const rate = this.#rate ? [{ windowMs: Math.round((capacity / this.perSecond) * 1_000), limit: capacity, used: Math.min(used, capacity) }] : [];
    return this.#places ? [...rate, { windowMs: null, limit: this.atOnce, used: underWay }] : rate;
  }

  /** So many may go one right after the other: what may go in a second, rounded up. */
  get #capacity(): number {
    return this.#rate ? Math.ceil(this.#rate.value - tiny) : Infinity;
  }

  /** It has just been given all that it may be given now. */
  #slowDownTo(rate: LearnedBound, mono: number): void {
    this.#rate = rate;
    this.#level = this.#capacity;
    this.#levelAt = mono;
  }

  #levelBy(mono: number): number {
    return this.#rate ? Math.max(0, this.#level - ((mono - this.#levelAt) / 1_000) * this.#rate.value) : 0;
  }

  #empty(mono: number): void {
    this.#level = this.#levelBy(mono);
    this.#levelAt = mono;
  }
}

const complaintCodes: ReadonlySet<number> = new Set([421, 450, 451, 454]);
/** About one address or one mailbox (RFC 3463, X.1 and X.2), or about too many recipients of one message: not about what the upstream takes. */
const ofOneMail = /^4\.(?:[12]\.|5\.3$)/;
const speaksOfConnections = /connection|concurren|simultaneous/i;

function isComplaint(reply: Reply): boolean {
  return complaintCodes.has(reply.code) && !ofOneMail.test(reply.enhanced ?? '') && classifyReply(reply).class === 'rate_limited';
}
