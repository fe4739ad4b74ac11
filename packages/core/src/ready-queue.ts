import type { LaneTable, NamedLane } from './lane-table.ts';
import { LaneTurn } from './lane-turn.ts';
import type { Mail } from './mail.ts';
import { TenantTurn, type TenantWeights } from './tenant-turn.ts';

/** The mail that is ready for one upstream: by lane, in a lane by tenant, for a tenant by the time when it should be begun. */
export class ReadyQueue {
  readonly #turn: LaneTurn;
  readonly #lanes: readonly NamedLane[];
  /** By the lanes' rank, as all that follows. */
  readonly #queues: readonly TenantTurn[];
  readonly #arrived: number[];
  #size = 0;
  #servedLane: NamedLane;

  constructor({ all }: LaneTable, weights: TenantWeights) {
    this.#turn = new LaneTurn(all);
    this.#lanes = all;
    this.#arrived = all.map(() => 0);
    this.#queues = all.map(() => new TenantTurn(weights));
    this.#servedLane = all[0] as NamedLane;
  }

  get size(): number {
    return this.#size;
  }

  /** Mails that have come so far, by the lanes' rank. */
  get arrived(): readonly number[] {
    return this.#arrived;
  }

  /** By the lanes' rank. */
  sizes(): number[] {
    return this.#queues.map(({ size }) => size);
  }

  /** Whether it holds mail of the immediate lane, or of one that is stored with it. */
  holdsImmediate(): boolean {
    return this.#lanes.some((lane) => lane.base === 'immediate' && this.#hasReady(lane));
  }

  /** The lane that the mail which came last stood in. */
  get servedLane(): NamedLane {
    return this.#servedLane;
  }

  push(mail: Mail, startBy: number): void {
    const { lane } = mail;
    this.#queueOf(lane).push(mail, startBy);
    this.#arrived[lane.rank] = (this.#arrived[lane.rank] as number) + 1;
    this.#size += 1;
  }

  /** The mail that goes next. It may have become unfit while it stood here (expired, for example): whoever takes it looks, and charges it if it goes. */
  pop(): Mail | undefined {
    const lane = this.#turn.next(this.#hasReady);
    if (lane === undefined) return undefined;
    this.#servedLane = lane;
    this.#size -= 1;
    return this.#queueOf(lane).pop();
  }

  /** The mail that came last goes to so many recipients: its lane and its tenant have had their turn. */
  charge(recipients: number): void {
    this.#turn.served(this.#servedLane, this.#hasReady);
    this.#queueOf(this.#servedLane).charge(recipients);
  }

  /** Mails that are thought to go before this one, as far as it can be told from what stands here now; undefined when it does not. */
  ahead(mail: Mail): number | undefined {
    const { rank, share } = mail.lane;
    const inLane = this.#queueOf(mail.lane).ahead(mail);
    if (inLane === undefined) return undefined;
    const others = this.#lanes.filter(this.#hasReady);
    const moreUrgent = others.filter((other) => other.rank < rank).reduce((sum, other) => sum + this.#queueOf(other).size, 0);
    const othersShare = others.filter((other) => other.rank > rank).reduce((sum, other) => sum + other.share, 0);
    // Its lane goes when the more urgent ones are empty, or by its share of all that goes, whichever is sooner.
    const whenTheyAreEmpty = (moreUrgent + inLane) / (1 - othersShare);
    const byItsShare = share > 0 ? inLane / share : Infinity;
    return Math.round(moreUrgent === 0 ? whenTheyAreEmpty : Math.min(whenTheyAreEmpty, byItsShare));
  }

  #queueOf({ rank }: NamedLane): TenantTurn {
    return this.#queues[rank] as TenantTurn;
  }

  readonly #hasReady = (lane: NamedLane): boolean => this.#queueOf(lane).size > 0;
}
