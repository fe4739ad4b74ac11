import { lanes, type Lane } from './lane.ts';
import { LaneTurn, type LaneShares } from './lane-turn.ts';
import type { Mail } from './mail.ts';
import { TenantTurn, type TenantWeights } from './tenant-turn.ts';

/** The mail that is ready for one upstream: by lane, in a lane by tenant, for a tenant by the time when it should be begun. */
export class ReadyQueue {
  readonly #turn: LaneTurn;
  readonly #lanes: Readonly<Record<Lane, TenantTurn>>;
  readonly #shares: LaneShares;
  /** Mails that have come so far, by lane. */
  readonly arrived: Readonly<Record<Lane, number>>;
  readonly #arrived: Record<Lane, number> = { immediate: 0, high: 0, normal: 0, low: 0 };
  #size = 0;
  #servedLane: Lane = lanes[0];

  constructor(shares: LaneShares, weights: TenantWeights) {
    this.#turn = new LaneTurn(shares);
    this.#shares = shares;
    this.arrived = this.#arrived;
    this.#lanes = Object.fromEntries(lanes.map((lane) => [lane, new TenantTurn(weights)])) as unknown as Record<Lane, TenantTurn>;
  }

  get size(): number {
    return this.#size;
  }

  holds(lane: Lane): boolean {
    return this.#lanes[lane].size > 0;
  }

  sizes(): Record<Lane, number> {
    return Object.fromEntries(lanes.map((lane) => [lane, this.#lanes[lane].size])) as Record<Lane, number>;
  }

  /** The lane that the mail which came last stood in. */
  get servedLane(): Lane {
    return this.#servedLane;
  }

  push(mail: Mail, startBy: number): void {
    const { lane } = mail;
    this.#lanes[lane].push(mail, startBy);
    this.#arrived[lane] += 1;
    this.#size += 1;
  }

  /** The mail that goes next. It may have become unfit while it stood here (expired, for example): whoever takes it looks, and charges it if it goes. */
  pop(): Mail | undefined {
    const lane = this.#turn.next(this.#hasReady);
    if (lane === undefined) return undefined;
    this.#servedLane = lane;
    this.#size -= 1;
    return this.#lanes[lane].pop();
  }

  /** The mail that came last goes to so many recipients: its lane and its tenant have had their turn. */
  charge(recipients: number): void {
    this.#turn.served(this.#servedLane, this.#hasReady);
    this.#lanes[this.#servedLane].charge(recipients);
  }

  /** Mails that are thought to go before this one, as far as it can be told from what stands here now; undefined when it does not. */
  ahead(mail: Mail): number | undefined {
    const { lane } = mail;
    const inLane = this.#lanes[lane].ahead(mail);
    if (inLane === undefined) return undefined;
    const ready = lanes.filter(this.#hasReady);
    const moreUrgent = lanes.slice(0, lanes.indexOf(lane)).reduce((sum, other) => sum + this.#lanes[other].size, 0);
    const othersShare = ready.filter((other) => lanes.indexOf(other) > lanes.indexOf(lane)).reduce((sum, other) => sum + this.#shares[other], 0);
    // Its lane goes when the more urgent ones are empty, or by its share of all that goes, whichever is sooner.
    const whenTheyAreEmpty = (moreUrgent + inLane) / (1 - othersShare);
    const byItsShare = this.#shares[lane] > 0 ? inLane / this.#shares[lane] : Infinity;
    return Math.round(moreUrgent === 0 ? whenTheyAreEmpty : Math.min(whenTheyAreEmpty, byItsShare));
  }

  readonly #hasReady = (lane: Lane): boolean => this.holds(lane);
}
