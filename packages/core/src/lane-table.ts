import type { DoubtPolicy } from './doubt.ts';
import { lanes, type Lane, type WrittenLane } from './lane.ts';

/** How the mail of a lane is treated. */
export interface LaneRules {
  /** The part of an upstream's dispatches that the lane is sure of while it has mail ready. */
  readonly share: number;
  /** How soon a mail should be begun once it could be, milliseconds; Infinity: no target. */
  readonly targetMs: number;
  /** What becomes of mail that may have been delivered. */
  readonly inDoubt: DoubtPolicy;
}

/** A lane that an operator has added to the four. What is not given is its base's; the share is 5 %. */
export interface FurtherLane extends Partial<LaneRules> {
  readonly name: string;
  /** Where its mail is stored, how urgent it counts at the doors, and what it is for a program that does not know the lane. */
  readonly base: Lane;
}

/** One of the four lanes, or a further one. A table has one object for each, so lanes of one table are the same if their objects are. Compare ranks where a stand-in will do. */
export interface NamedLane extends LaneRules {
  readonly name: string;
  /** Of the four: itself. */
  readonly base: Lane;
  /** Its place in the table, the most urgent first. */
  readonly rank: number;
  /** As tickets and journal have it. */
  readonly written: WrittenLane;
}

export const defaultLaneRules: Readonly<Record<Lane, LaneRules>> = {
  immediate: { share: 0, targetMs: 30_000, inDoubt: 'retry' },
  high: { share: 0.2, targetMs: 120_000, inDoubt: 'retry' },
  normal: { share: 0.1, targetMs: 300_000, inDoubt: 'retry' },
  low: { share: 0.05, targetMs: Infinity, inDoubt: 'retry' },
};

/** Every lane shall have some of it, so that none starves. */
export const furtherShare = 0.05;

/**
 * All lanes there are. A further one stands, by its target, before the first of the four that may wait longer, but always behind immediate, which nothing overtakes;
 * among each other they stand by target as well, then as they were given.
 */
export class LaneTable {
  /** The most urgent first. */
  readonly all: readonly NamedLane[];
  readonly #byName: ReadonlyMap<string, NamedLane>;
  /** For lanes that are written down and not configured (any more): their bases, but with what is written. */
  readonly #standIns = new Map<string, NamedLane>();

  /** `rules`: of the four, where they differ from the defaults. */
  constructor(further: readonly FurtherLane[] = [], rules: Readonly<Partial<Record<Lane, Partial<LaneRules>>>> = {}) {
    const four = lanes.map((name) => ({ name, base: name, ...defaultLaneRules[name], ...rules[name] }));
    const added = further.map((lane) => ({ ...rulesOf(four, lane.base), share: furtherShare, ...lane }));
    this.all = inOrder(four, added).map((lane, rank) => ({ ...lane, rank, written: writtenAs(lane) }));
    this.#byName = new Map(this.all.map((lane) => [lane.name, lane]));
  }

  get names(): string[] {
    return this.all.map(({ name }) => name);
  }

  /** By its name; undefined when there is none. */
  named(name: string): NamedLane | undefined {
    return this.#byName.get(name);
  }

  /** The one that is written down. Where it is not configured (any more), its base, which remembers what is written: the lane may come back. */
  of({ lane, furtherLane }: WrittenLane): NamedLane {
    const base = this.#byName.get(lane) as NamedLane;
    if (furtherLane === undefined) return base;
    return this.#byName.get(furtherLane) ?? this.#standIn(base, furtherLane);
  }

  #standIn(base: NamedLane, furtherLane: string): NamedLane {
    const key = `${base.name} ${furtherLane}`;
    const known = this.#standIns.get(key);
    if (known || this.#standIns.size >= mostStandIns) return known ?? base;
    const standIn = { ...base, written: { lane: base.base, furtherLane } };
    this.#standIns.set(key, standIn);
    return standIn;
  }
}

/** More names than operators invent: whatever can publish to the streams could write others. */
const mostStandIns = 1_000;

type Unranked = Omit<NamedLane, 'rank' | 'written'>;

function writtenAs({ name, base }: Unranked): WrittenLane {
  return name === base ? { lane: base } : { lane: base, furtherLane: name };
}

function rulesOf(four: readonly Unranked[], base: Lane): LaneRules {
  const { share, targetMs, inDoubt } = four.find(({ name }) => name === base) as Unranked;
  return { share, targetMs, inDoubt };
}

function inOrder(four: readonly Unranked[], further: readonly Unranked[]): Unranked[] {
  const order = [...four];
  for (const lane of further.toSorted(byTarget)) {
    const behind = order.findIndex(({ name, base, targetMs }, place) => place > 0 && name === base && targetMs > lane.targetMs);
    order.splice(behind < 0 ? order.length : behind, 0, lane);
  }
  return order;
}

/** Two without a target differ by nothing: what is subtracted must not be Infinity. */
function byTarget(one: Unranked, other: Unranked): number {
  return one.targetMs === other.targetMs ? 0 : one.targetMs - other.targetMs;
}
