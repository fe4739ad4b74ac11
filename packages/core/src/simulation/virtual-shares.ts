import { ShareHolder, type HolderOptions, type ShareWrite, type StoredShares } from '../shares/share-holder.ts';
import type { ShareMap } from '../shares/share-table.ts';
import type { ShareUses } from '../shares/share-use.ts';
import type { Random } from './random.ts';

/** The shares as a server keeps them: a write counts only if the revision is the expected one. */
export class VirtualShares {
  #stored: StoredShares | null = null;
  #before: StoredShares | null = null;
  /** Sent by somebody who gave up waiting. */
  #adrift: ShareWrite[] = [];

  get stored(): StoredShares | null {
    return this.#stored;
  }

  /** A server may lag behind its leader, and not know of what is new. */
  read(random: Random): StoredShares | null {
    return random.chance(0.2) ? (this.#before ?? this.#stored) : this.#stored;
  }

  /** Its revision; undefined when it was refused. As a whole, as it was written: what others do with their copy changes nothing here. */
  write({ table, expected }: ShareWrite): number | undefined {
    if (expected !== (this.#stored?.revision ?? 0)) return undefined;
    this.#before = this.#stored;
    this.#stored = { table: structuredClone(table), revision: expected + 1 };
    return expected + 1;
  }

  setAdrift(write: ShareWrite): void {
    this.#adrift.push(write);
  }

  /** What was on its way all the time comes, or is lost. */
  landAdrift(random: Random): void {
    const [write] = this.#adrift.splice(random.below(this.#adrift.length), 1);
    if (write && random.chance(0.7)) this.write(write);
  }
}

type Stage =
  | { readonly kind: 'idle' }
  | { readonly kind: 'reading'; readonly found: StoredShares | null }
  | { readonly kind: 'writing'; readonly write: ShareWrite }
  | { readonly kind: 'written'; readonly write: ShareWrite; readonly revision: number | undefined };

/** What a scheduler does with the shares of a partition that it owns, step by step, so that anything can come between. */
export class VirtualShareKeeper {
  readonly holder: ShareHolder;
  readonly #shares: VirtualShares;
  #stage: Stage = { kind: 'idle' };

  /** Claims the partition, which nobody waits for: before that it may use nothing. */
  constructor(shares: VirtualShares, options: HolderOptions) {
    this.#shares = shares;
    this.holder = new ShareHolder(options);
    this.holder.note(shares.stored);
    const write = this.holder.claim();
    this.holder.stored(write.table, shares.write(write) as number);
    this.holder.begin();
  }

  /** Goes one step on. `enforce`: puts in force what the holder says, at once. */
  work(random: Random, uses: () => ShareUses, mono: number, enforce: (shares: ShareMap) => void): void {
    switch (this.#stage.kind) {
      case 'idle':
        this.#stage = { kind: 'reading', found: this.#shares.read(random) };
        return;
      case 'reading':
        return this.#look(this.#stage.found, uses, mono, enforce);
      case 'writing':
        return this.#write(this.#stage.write, random);
      case 'written':
        return this.#hear(this.#stage, random);
    }
  }

  /** Dies. What it had sent may come all the same. */
  crash(): void {
    if (this.#stage.kind === 'writing') this.#shares.setAdrift(this.#stage.write);
  }

  #look(found: StoredShares | null, uses: () => ShareUses, mono: number, enforce: (shares: ShareMap) => void): void {
    this.#stage = { kind: 'idle' };
    this.holder.note(found);
    const write = this.holder.look(uses(), mono);
    enforce(this.holder.inForce);
    if (write) this.#stage = { kind: 'writing', write };
  }

  #write(write: ShareWrite, random: Random): void {
    if (random.chance(0.8)) this.#stage = { kind: 'written', write, revision: this.#shares.write(write) };
    else this.#giveUp(write, () => this.#shares.setAdrift(write));
  }

  #hear({ write, revision }: Extract<Stage, { kind: 'written' }>, random: Random): void {
    if (random.chance(0.1)) return this.#giveUp(write);
    this.#stage = { kind: 'idle' };
    if (revision !== undefined) this.holder.stored(write.table, revision);
  }

  #giveUp(write: ShareWrite, leave: () => void = () => {}): void {
    this.#stage = { kind: 'idle' };
    this.holder.doubt(write);
    leave();
  }
}
