import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../simulation/random.ts';
import { VirtualShareKeeper, VirtualShares } from '../simulation/virtual-shares.ts';
import { budgetsOf, kindsOf, sumOf, type Share, type ShareKind, type ShareMap } from './share-table.ts';
import type { ShareUse, ShareUses } from './share-use.ts';

const budgets = (main: number, star = 60): ShareMap =>
  budgetsOf({
    upstreamRules: new Map([['main', { limits: { concurrency: main, perHour: 4 * main }, maxConnections: main, adaptive: true }]]),
    domainLimits: new Map([
      ['*', { concurrency: star }],
      ['named.example', { concurrency: star }],
    ]),
  });
const scopes = ['upstream:main', 'domain:named.example', 'domain:a.example', 'domain:b.example'];
const limitOf = (whole: ShareMap, scope: string) => whole.get(scope) ?? whole.get('domain:*') ?? {};

/** A partition whose mail is nothing but numbers: what it has under way of each scope, and whether more waits. */
class Partition {
  readonly under = new Map<string, number>();
  readonly waiting = new Set<string>();
  #shares: ShareMap = new Map();

  enforce = (shares: ShareMap): void => void (this.#shares = shares);

  shareOf(scope: string): Share {
    return this.#shares.get(scope) ?? (scope.startsWith('domain:') ? this.#shares.get('domain:*') : undefined) ?? {};
  }

  get uses(): ShareUses {
    return new Map(
      scopes.flatMap((scope): [string, ShareUse][] => {
        const used = this.under.get(scope) ?? 0;
        const { concurrency = 0, perHour = Infinity } = this.shareOf(scope);
        const waits = this.waiting.has(scope) && used >= Math.min(concurrency, perHour);
        const counted = scope === 'upstream:main' ? { concurrency: used, perHour: used, connections: used } : { concurrency: used };
        return used > 0 || waits ? [[scope, { used: counted, waits }]] : [];
      }),
    );
  }

  take(scope: string): void {
    const used = this.under.get(scope) ?? 0;
    const share = this.shareOf(scope);
    if (kindsOf(share).every((kind) => used < (share[kind] ?? 0))) this.under.set(scope, used + 1);
  }

  give(scope: string, count = 1): void {
    this.under.set(scope, Math.max(0, (this.under.get(scope) ?? 0) - count));
  }
}

/** Several partitions, their owners, and those who do not know yet that they are owners no more. */
class Stage {
  readonly shares = new VirtualShares();
  readonly random: Random;
  readonly parts: Partition[] = [];
  readonly keepers: VirtualShareKeeper[] = [];
  readonly #late: { readonly keeper: VirtualShareKeeper; readonly part: Partition }[] = [];
  budgets: ShareMap;
  mono = 0;
  #epoch = 1;

  constructor(seed: number, partitions: number, limit: number) {
    this.random = new Random(seed);
    this.budgets = budgets(limit);
    this.addPartitions(partitions);
  }

  addPartitions(count: number): void {
    for (let added = 0; added < count; added += 1) this.parts.push(new Partition());
    for (const partition of this.parts.keys()) this.takeOver(partition);
  }

  /** What was under way stays so, and the new owner knows of it. */
  takeOver(partition: number): void {
    const [keeper, part] = [this.keepers[partition], this.parts[partition] as Partition];
    // An only one has everything, and nothing is written.
    if (this.parts.length === 1) return part.enforce(this.budgets);
    if (keeper && this.random.chance(0.5)) this.#late.push({ keeper, part: frozen(part) });
    else keeper?.crash();
    this.#epoch += 1;
    const of = { partition, partitions: this.parts.length, epoch: this.#epoch, budgets: this.budgets, since: this.mono };
    const next = new VirtualShareKeeper(this.shares, of);
    this.keepers[partition] = next;
    part.enforce(next.holder.inForce);
  }

  work(partition: number): void {
    const part = this.parts[partition] as Partition;
    this.keepers[partition]?.work(this.random, () => part.uses, this.mono, part.enforce);
  }

  workLate(): void {
    const late = this.random.pick(this.#late);
    late?.keeper.work(this.random, () => late.part.uses, this.mono, late.part.enforce);
  }

  /** All look, some of what is under way ends, and they look again. */
  round(ms = 1_000): void {
    this.mono += ms;
    this.#fill();
    this.#workAll();
    for (const part of this.parts) for (const scope of part.waiting) part.under.delete(scope);
    this.#fill();
    this.#workAll();
  }

  #fill(): void {
    for (const part of this.parts) for (const scope of part.waiting) for (let left = 500; left > 0; left -= 1) part.take(scope);
  }

  #workAll(): void {
    for (let step = 0; step < 4; step += 1) for (const partition of this.parts.keys()) this.work(partition);
  }

  /** Limits of which more is in force, or under way, than there is. */
  exceeded(): string[] {
    const taken = (scope: string, kind: ShareKind) =>
      sumOf(this.parts.map((part) => Math.max(part.shareOf(scope)[kind] ?? 0, part.under.get(scope) ?? 0)));
    return scopes.flatMap((scope) => {
      const limit = limitOf(this.budgets, scope);
      return kindsOf(limit).flatMap((kind) => (taken(scope, kind) > (limit[kind] ?? 0) ? [`${scope} ${kind}: ${taken(scope, kind)}`] : []));
    });
  }

  stumble(): void {
    const { random } = this;
    const partition = random.below(this.parts.length);
    const part = this.parts[partition] as Partition;
    const scope = random.pick(scopes) as string;
    const lot = random.below(100);
    if (lot < 45) this.work(partition);
    else if (lot < 55) this.workLate();
    else if (lot < 60) this.shares.landAdrift(random);
    else if (lot < 80) for (let count = random.below(40); count > 0; count -= 1) part.take(scope);
    else if (lot < 90) part.give(scope, random.below(40));
    else if (lot < 93) part.waiting.add(scope);
    else if (lot < 95) part.waiting.delete(scope);
    else if (lot < 97) this.mono += random.pick([500, 2_000, 61_000]) ?? 0;
    else this.takeOver(partition);
  }
}

/** What a late owner sees: its own world as it was when it lost the partition, where attempts end and none begins. */
function frozen(part: Partition): Partition {
  const copy = new Partition();
  for (const [scope, count] of part.under) copy.under.set(scope, count);
  for (const scope of part.waiting) copy.waiting.add(scope);
  return copy;
}

const ask = (stage: Stage, ...partitions: number[]) => {
  for (const [partition, part] of stage.parts.entries()) {
    part.under.clear();
    if (partitions.includes(partition)) part.waiting.add('upstream:main').add('domain:a.example');
    else part.waiting.clear();
  }
};
const sharesOf = (stage: Stage, scope = 'upstream:main') => stage.parts.map((part) => part.shareOf(scope).concurrency ?? 0);

describe('shares of a limit', () => {
  it('never come to more than the limit, whatever is lost, comes late, crashes, or wakes up as an owner no more', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 5 }), fc.integer({ min: 0, max: 100 }), (seed, partitions, more) => {
        const stage = new Stage(seed, partitions, partitions + more);
        for (let step = 0; step < 400; step += 1) {
          stage.stumble();
          expect(stage.exceeded()).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never do so when partitions are added to them, nor when the limit is raised', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 3 }), (seed, partitions) => {
        const stage = new Stage(seed, partitions, 50);
        for (let step = 0; step < 500; step += 1) {
          stage.stumble();
          if (step === 200) stage.addPartitions(2);
          if (step === 350) stage.budgets = budgets(80);
          expect(stage.exceeded()).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('come down to a limit that was lowered, and up to one that was raised', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 4, max: 200 }), (seed, limit) => {
        const stage = new Stage(seed, 4, 100);
        for (let step = 0; step < 200; step += 1) stage.stumble();
        stage.budgets = budgets(limit);
        for (const partition of stage.parts.keys()) stage.takeOver(partition);
        for (const part of stage.parts) part.under.clear();
        for (const part of stage.parts) part.waiting.clear();
        for (let round = 0; round < 100; round += 1) stage.round();
        expect(stage.exceeded()).toEqual([]);
        expect(sharesOf(stage).reduce((sum, share) => sum + share)).toBe(limit);
      }),
      { numRuns: 50 },
    );
  });

  it('come to even parts when a partition is added, those of connections too, as soon as what is in use allows it', () => {
    const stage = new Stage(1, 1, 100);
    stage.parts[0]?.under.set('upstream:main', 100);
    stage.addPartitions(1);
    for (let round = 0; round < 3; round += 1) stage.round();
    expect(stage.parts.map((part) => part.shareOf('upstream:main').connections)).toEqual([50, 0]);
    stage.parts[0]?.under.set('upstream:main', 10);
    for (let round = 0; round < 10; round += 1) stage.round();
    expect(stage.parts.map((part) => part.shareOf('upstream:main').connections)).toEqual([50, 50]);
    for (let round = 0; round < 70; round += 1) stage.round();
    expect(sharesOf(stage)).toEqual([50, 50]);
  });

  it('begin as even parts', () => {
    const stage = new Stage(1, 3, 100);
    for (let round = 0; round < 3; round += 1) stage.round();
    expect(sharesOf(stage)).toEqual([33, 33, 34]);
    expect(sharesOf(stage, 'domain:a.example')).toEqual([20, 20, 20]);
  });

  it.each([2, 3, 8])(
    'go to the one of %i partitions that has the mail, all but one for each other, and come back when another wakes up',
    (partitions) => {
      const stage = new Stage(1, partitions, 200);
      for (let round = 0; round < 3; round += 1) stage.round();
      ask(stage, 0);
      for (let round = 0; round < 6; round += 1) stage.round();
      expect(sharesOf(stage)).toEqual([200 - (partitions - 1), ...Array.from({ length: partitions - 1 }, () => 1)]);
      expect(sharesOf(stage, 'domain:a.example')[0]).toBe(60 - (partitions - 1));
      expect(sharesOf(stage, 'domain:b.example')[0]).toBe(Math.floor(60 / partitions));
      ask(stage, 0, partitions - 1);
      for (let round = 0; round < 6; round += 1) stage.round();
      expect(sharesOf(stage).at(-1)).toBeGreaterThan(90 - partitions);
      expect(sharesOf(stage, 'domain:a.example').at(-1)).toBeGreaterThan(25 - partitions);
    },
  );

  it.each([0, 1])('go to partition %i when it alone waits, and for one limit alone', (partition) => {
    const stage = new Stage(1, 2, 100);
    for (let round = 0; round < 3; round += 1) stage.round();
    stage.parts[partition]?.waiting.add('upstream:main');
    for (let round = 0; round < 6; round += 1) stage.round();
    expect(sharesOf(stage)[partition]).toBe(99);
  });

  it('are not moved, nor written, while several partitions have mail and about the same', () => {
    const stage = new Stage(1, 4, 100);
    ask(stage, 0, 1, 2, 3);
    for (let round = 0; round < 20; round += 1) stage.round();
    const before = stage.shares.stored?.revision;
    for (let round = 0; round < 100; round += 1) stage.round();
    expect(stage.shares.stored?.revision).toBe(before);
  });

  it('go back to even parts, and domains to those of all domains, when nothing has waited for a while', () => {
    const stage = new Stage(1, 2, 100);
    ask(stage, 1);
    for (let round = 0; round < 10; round += 1) stage.round();
    expect(sharesOf(stage)).toEqual([1, 99]);
    expect(Object.keys(stage.shares.stored?.table.rows ?? {})).toContain('domain:a.example');
    ask(stage);
    for (let round = 0; round < 30; round += 1) stage.round(5_000);
    expect(sharesOf(stage)).toEqual([50, 50]);
    expect(Object.keys(stage.shares.stored?.table.rows ?? {})).toEqual(['upstream:main', 'domain:*', 'domain:named.example']);
  });

  it('give up no more than is not taken: what is held for a window stays where it is', () => {
    const stage = new Stage(1, 2, 100);
    for (let round = 0; round < 3; round += 1) stage.round();
    stage.parts[0]?.under.set('upstream:main', 40);
    stage.parts[1]?.waiting.add('upstream:main');
    for (let round = 0; round < 30; round += 1) stage.round();
    expect(sharesOf(stage)[1]).toBeLessThanOrEqual(60);
    expect(sharesOf(stage)[1]).toBeGreaterThanOrEqual(50);
  });
});
