import { divide, type Need } from './dividing.ts';
import {
  anyDomain,
  domainScope,
  evenParts,
  kindsOf,
  padded,
  type PartitionOf,
  type Share,
  type ShareKind,
  type ShareMap,
  type ShareRow,
} from './share-table.ts';
import type { ShareNeeds } from './share-use.ts';

export type Rows = Readonly<Record<string, ShareRow>>;

export interface Plan {
  /** The same object when nothing is to be written. */
  readonly rows: Rows;
  /** What this partition uses at most from now on. */
  readonly keeps: ShareMap;
}

/** Domains under `*` whose shares are not those of all: further ones go by those. */
const mostDomains = 500;

/** One look of a partition's owner at how the limits are divided: what it gives up, and what it asks for. */
export function plan(rows: Rows, budgets: ShareMap, of: PartitionOf, needs: ShareNeeds): Plan {
  return new Planning(rows, budgets, of, needs).plan();
}

/** The rows that are missing: of a limit that is new. `whole`: there was no table, and partition 0 had everything. */
export function withMissingRows(rows: Rows, budgets: ShareMap, partitions: number, whole: boolean): Rows {
  const complete: Record<string, ShareRow> = { ...rows };
  for (const [scope, budget] of budgets) {
    const shares = Object.fromEntries(kindsOf(budget).map((kind) => [kind, whole ? [budget[kind] ?? 0] : evenParts(budget[kind] ?? 0, partitions)]));
    complete[scope] = { asking: [], ...complete[scope], shares: { ...shares, ...complete[scope]?.shares } };
  }
  return complete;
}

/** The budget that a scope's row divides: its own, or that of every domain. */
export function budgetOf(budgets: ShareMap, scope: string): Share | undefined {
  return budgets.get(scope) ?? (isDomain(scope) ? budgets.get(anyDomain) : undefined);
}

/** The row that a scope goes by. */
export function rowOf(rows: Rows, scope: string): ShareRow | undefined {
  return rows[scope] ?? (isDomain(scope) ? rows[anyDomain] : undefined);
}

const isDomain = (scope: string) => scope.startsWith(domainScope(''));

class Planning {
  readonly #rows: Record<string, ShareRow>;
  readonly #before: Rows;
  readonly #budgets: ShareMap;
  readonly #of: PartitionOf;
  readonly #needs: ShareNeeds;
  readonly #keeps = new Map<string, Share>();
  #domains: number;

  constructor(rows: Rows, budgets: ShareMap, of: PartitionOf, needs: ShareNeeds) {
    this.#before = rows;
    this.#rows = { ...rows };
    this.#budgets = budgets;
    this.#of = of;
    this.#needs = needs;
    this.#domains = Object.keys(rows).filter((scope) => this.#isException(scope)).length;
  }

  plan(): Plan {
    for (const [scope, { waits }] of this.#needs.uses) if (waits) this.#except(scope);
    for (const scope of Object.keys(this.#rows)) if (scope !== anyDomain) this.#settle(scope);
    this.#settleAnyDomain();
    for (const scope of Object.keys(this.#rows)) this.#dropUnlessOfUse(scope);
    const scopes = new Set([...Object.keys(this.#before), ...Object.keys(this.#rows)]);
    const isChanged = [...scopes].some((scope) => !isSameRow(this.#before[scope], this.#rows[scope]));
    return { rows: isChanged ? this.#rows : this.#before, keeps: this.#keeps };
  }

  /** A domain under `*` that has a row of its own. */
  #isException(scope: string): boolean {
    return isDomain(scope) && !this.#budgets.has(scope) && this.#budgets.has(anyDomain);
  }

  /** Gives a domain a row of its own, which says what that of every domain says. */
  #except(scope: string): boolean {
    const any = this.#before[anyDomain];
    if (this.#rows[scope] || !any || !this.#isException(scope)) return true;
    if (this.#domains >= mostDomains) return false;
    this.#domains += 1;
    this.#rows[scope] = { shares: any.shares, asking: [] };
    return true;
  }

  #settle(scope: string): void {
    const row = this.#rows[scope];
    const budget = budgetOf(this.#budgets, scope);
    if (!row || !budget) return;
    const { shares, keeps } = this.#divideAll(row, budget, (kind) => this.#needs.of(scope, kind));
    this.#keeps.set(scope, keeps);
    this.#rows[scope] = { shares, asking: this.#asking(row, this.#needs.asks(scope)) };
  }

  /** It moves only to even parts, when partitions were added or the limit changed; a domain that uses more than is left stays as it is by itself. */
  #settleAnyDomain(): void {
    const row = this.#rows[anyDomain];
    const budget = this.#budgets.get(anyDomain);
    if (!row || !budget) return;
    const { shares, keeps } = this.#divideAll(row, budget, () => ({ waits: false, rested: true, used: 0, peak: 0 }));
    const own = this.#ownOf(row, budget);
    const beyond = [...this.#needs.uses].filter(([scope, { used }]) => !this.#rows[scope] && this.#isException(scope) && isBeyond(used, keeps));
    const excepted = beyond.map(([scope]) => this.#except(scope) && this.#keeps.set(scope, own));
    const isPossible = excepted.every((done) => done !== false);
    this.#keeps.set(anyDomain, isPossible ? keeps : own);
    if (isPossible) this.#rows[anyDomain] = { ...row, shares };
  }

  #divideAll({ shares: before, asking }: ShareRow, budget: Share, needOf: (kind: ShareKind) => Need): { shares: ShareRow['shares']; keeps: Share } {
    const { partition: me, partitions } = this.#of;
    const shares = { ...before };
    const keeps: Partial<Record<ShareKind, number>> = {};
    for (const kind of kindsOf(budget)) {
      const askers = kind === 'connections' ? [] : asking.filter((asker) => asker !== me);
      const division = divide({ limit: budget[kind] ?? 0, shares: before[kind] ?? [], partitions, me, askers, need: needOf(kind) });
      shares[kind] = division.shares;
      keeps[kind] = division.keeps;
    }
    return { shares, keeps };
  }

  #ownOf({ shares }: ShareRow, budget: Share): Share {
    return Object.fromEntries(kindsOf(budget).map((kind) => [kind, shares[kind]?.[this.#of.partition] ?? 0]));
  }

  #asking({ asking }: ShareRow, asks: boolean): readonly number[] {
    const { partition } = this.#of;
    if (asking.includes(partition) === asks) return asking;
    return asks ? [...asking, partition].toSorted((one, other) => one - other) : asking.filter((asker) => asker !== partition);
  }

  /** A row of a domain that says what that of every domain says. */
  #dropUnlessOfUse(scope: string): void {
    const row = this.#rows[scope];
    const any = this.#rows[anyDomain];
    if (!row || !any || !this.#isException(scope) || row.asking.length > 0 || !isSameRow(row, any)) return;
    delete this.#rows[scope];
    this.#keeps.delete(scope);
  }
}

function isBeyond(used: Readonly<Partial<Record<ShareKind, number>>>, keeps: Share): boolean {
  return kindsOf(keeps).some((kind) => (used[kind] ?? 0) > (keeps[kind] ?? 0));
}

function isSameRow(one: ShareRow | undefined, other: ShareRow | undefined): boolean {
  if (!one || !other) return one === other;
  if (one === other) return true;
  const kinds = new Set([...kindsIn(one), ...kindsIn(other)]);
  return String(one.asking) === String(other.asking) && [...kinds].every((kind) => isSameDivision(one.shares[kind] ?? [], other.shares[kind] ?? []));
}

const kindsIn = ({ shares }: ShareRow) => Object.keys(shares) as ShareKind[];

/** A partition that is not named has nothing. */
function isSameDivision(one: readonly number[], other: readonly number[]): boolean {
  const length = Math.max(one.length, other.length);
  return String(padded(one, length)) === String(padded(other, length));
}
