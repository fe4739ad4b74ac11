import { budgetOf, plan, rowOf, withMissingRows, type Rows } from './planning.ts';
import {
  anyDomain,
  evenPart,
  kindsOf,
  padded,
  sumOf,
  type PartitionOf,
  type Share,
  type ShareKind,
  type ShareMap,
  type ShareTable,
} from './share-table.ts';
import { ShareNeeds, type ShareUses } from './share-use.ts';

/** A table as it is stored, and its revision: each write has a higher one. */
export interface StoredShares {
  readonly table: ShareTable;
  readonly revision: number;
}

/** To be stored if the last revision is still the expected one; 0: if there is none. */
export interface ShareWrite {
  readonly table: ShareTable;
  readonly expected: number;
}

export interface HolderOptions extends PartitionOf {
  /** Of this ownership: above that of every earlier one. */
  readonly epoch: number;
  /** All limits, whole. */
  readonly budgets: ShareMap;
  /** Monotonic, milliseconds. */
  readonly since: number;
}

/**
 * What the owner of a partition may use of each limit: never more than the table says, in whatever order reads, writes, crashes and late owners come. See docs/limits.md. It first claims
 * the partition in the table: until that is stored it has nothing.
 */
export class ShareHolder {
  readonly #options: HolderOptions;
  readonly #needs: ShareNeeds;
  #known: StoredShares | null = null;
  #inForce = new Map<string, Share>();
  /** A write that expected this revision may still be stored: nothing that this revision says is to be counted on. */
  #doubtful = -1;

  constructor(options: HolderOptions) {
    this.#options = options;
    this.#needs = new ShareNeeds(options.since);
  }

  /** What may be used now, by scope. A domain under `*` that is not named goes by `domain:*`. */
  get inForce(): ShareMap {
    return this.#inForce;
  }

  /** Which ownership has claimed the partition last; 0: none. */
  get claimedBy(): number {
    return this.#known?.table.epochs[this.#options.partition] ?? 0;
  }

  /** A later owner has claimed the partition. */
  get isSuperseded(): boolean {
    return this.claimedBy > this.#options.epoch;
  }

  /** Whether what is known to be stored names this ownership: only then nobody older can lower what it says. */
  get isClaimed(): boolean {
    return this.claimedBy === this.#options.epoch;
  }

  /** What the leader of its stream has is older than what was read or written before: the stream has lost writes, and the others go by what it says now. */
  isAhead(stored: StoredShares | null): boolean {
    return (stored?.revision ?? 0) < (this.#known?.revision ?? 0);
  }

  /** The table was read; null: there is none. One that is older than what is known was read from a server that lags behind. */
  note(stored: StoredShares | null): void {
    if (stored && stored.revision > (this.#known?.revision ?? 0)) this.#known = stored;
  }

  /** What the claim has to write. Call after `note`. */
  claim(): ShareWrite {
    const { budgets, partitions } = this.#options;
    const known = this.#known;
    const rows = withMissingRows(known?.table.rows ?? {}, budgets, partitions, known === null);
    return { table: this.#signed(rows), expected: known?.revision ?? 0 };
  }

  /** The claim was stored: what the table says is in force. */
  begin(): void {
    const rows = this.#known?.table.rows ?? {};
    for (const scope of Object.keys(rows)) {
      const budget = budgetOf(this.#options.budgets, scope);
      if (budget) this.#inForce.set(scope, this.#firstOf(rows, scope, budget));
    }
  }

  /**
   * What is in force from now on, by what is known and used; and what has to be written, if anything. What is given up is no longer used when this returns, so `uses` must be of this
   * moment, and `inForce` be put in force before anything else is dispatched.
   */
  look(uses: ShareUses, mono: number): ShareWrite | null {
    this.#needs.look(uses, mono);
    const known = this.#known;
    if (!known || this.isSuperseded) return null;
    const { rows, keeps } = plan(known.table.rows, this.#options.budgets, this.#options, this.#needs);
    this.#enforce(known, keeps);
    if (!this.isClaimed) return this.claim();
    return rows === known.table.rows ? null : { table: this.#signed(rows), expected: known.revision };
  }

  /** A write was stored. */
  stored(table: ShareTable, revision: number): void {
    this.note({ table, revision });
  }

  /** Nobody knows whether a write was stored, or will be. */
  doubt({ expected }: ShareWrite): void {
    this.#doubtful = Math.max(this.#doubtful, expected);
  }

  #signed(rows: Rows): ShareTable {
    const { partition, partitions, epoch } = this.#options;
    const epochs = padded(this.#known?.table.epochs ?? [], partitions);
    epochs[partition] = epoch;
    return { epochs, rows };
  }

  #ownOf(rows: Rows, scope: string, kind: ShareKind): number {
    return rowOf(rows, scope)?.shares[kind]?.[this.#options.partition] ?? 0;
  }

  /** Where the limit was lowered, at once no more than an even part of it. */
  #firstOf(rows: Rows, scope: string, budget: Share): Share {
    const { partition, partitions } = this.#options;
    const first = (kind: ShareKind): number => {
      const limit = budget[kind] ?? 0;
      const own = this.#ownOf(rows, scope, kind);
      return sumOf(rows[scope]?.shares[kind] ?? []) > limit ? Math.min(own, evenPart(limit, partition, partitions)) : own;
    };
    return Object.fromEntries(kindsOf(budget).map((kind) => [kind, first(kind)]));
  }

  #enforce({ table: { rows }, revision }: StoredShares, keeps: ShareMap): void {
    const mayRaise = this.isClaimed && revision > this.#doubtful;
    const before = this.#inForce;
    const inForce = new Map<string, Share>();
    for (const scope of new Set([...keeps.keys(), ...before.keys()])) {
      const budget = budgetOf(this.#options.budgets, scope);
      const kept = keeps.get(scope) ?? keeps.get(anyDomain);
      const had = before.get(scope) ?? before.get(anyDomain);
      if (!budget) continue;
      const share = (kind: ShareKind) => Math.min(kept?.[kind] ?? 0, this.#ownOf(rows, scope, kind), mayRaise ? Infinity : (had?.[kind] ?? 0));
      inForce.set(scope, Object.fromEntries(kindsOf(budget).map((kind) => [kind, share(kind)])));
    }
    this.#inForce = withoutRepeats(inForce, keeps, rows);
  }
}

/** A domain whose row is gone goes by that of every domain. */
function withoutRepeats(inForce: Map<string, Share>, keeps: ShareMap, rows: Rows): Map<string, Share> {
  const any = inForce.get(anyDomain);
  for (const [scope, share] of inForce) {
    if (keeps.has(scope) || rows[scope] || !any) continue;
    if (kindsOf(share).every((kind) => share[kind] === any[kind])) inForce.delete(scope);
  }
  return inForce;
}
