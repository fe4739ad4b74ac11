import type { Need } from './dividing.ts';
import { kindsOf, type ShareKind } from './share-table.ts';

/** How far a partition uses what it has of one scope. */
export interface ShareUse {
  /** How much of each kind is taken. */
  readonly used: Readonly<Partial<Record<ShareKind, number>>>;
  /** Mail waits for it. */
  readonly waits: boolean;
}

/** By scope; what is not named is not used. */
export type ShareUses = ReadonlyMap<string, ShareUse>;

/** Who has not waited for so long can do with an even part. */
const restMs = 60_000;
/** What waited a moment ago may wait again in the next. */
const askMs = 3_000;
/** What is left of the most that was taken, from one look to the next. */
const fading = 0.7;

interface Remembered {
  waitedAt: number;
  readonly peaks: Map<ShareKind, number>;
}

/** What a partition needed of its shares lately, from one look to the next. Times are monotonic, milliseconds. */
export class ShareNeeds {
  readonly #since: number;
  readonly #remembered = new Map<string, Remembered>();
  #uses: ShareUses = new Map();
  #mono: number;

  /** What was before `since` is not known: it may have waited. */
  constructor(since: number) {
    this.#since = since;
    this.#mono = since;
  }

  get uses(): ShareUses {
    return this.#uses;
  }

  look(uses: ShareUses, mono: number): void {
    this.#uses = uses;
    this.#mono = mono;
    for (const [scope, remembered] of this.#remembered) this.#fade(scope, remembered);
    for (const [scope, use] of uses) this.#note(scope, use);
  }

  /** Its mail waits, or did a moment ago. */
  asks(scope: string): boolean {
    return this.#mono - (this.#remembered.get(scope)?.waitedAt ?? -Infinity) < askMs;
  }

  of(scope: string, kind: ShareKind): Need {
    const { waitedAt = this.#since, peaks } = this.#remembered.get(scope) ?? {};
    return {
      waits: kind !== 'connections' && this.asks(scope),
      // A sender's connections carry the mail of all partitions, whoever has allotted them: even parts serve.
      rested: kind === 'connections' || this.#mono - waitedAt >= restMs,
      used: this.#uses.get(scope)?.used[kind] ?? 0,
      peak: kind === 'connections' ? 0 : (peaks?.get(kind) ?? 0),
    };
  }

  #note(scope: string, { used, waits }: ShareUse): void {
    const remembered = this.#remembered.get(scope) ?? { waitedAt: this.#since - askMs, peaks: new Map<ShareKind, number>() };
    this.#remembered.set(scope, remembered);
    if (waits) remembered.waitedAt = this.#mono;
    for (const kind of kindsOf(used)) remembered.peaks.set(kind, Math.max(used[kind] ?? 0, remembered.peaks.get(kind) ?? 0));
  }

  #fade(scope: string, remembered: Remembered): void {
    for (const [kind, peak] of remembered.peaks) remembered.peaks.set(kind, peak * fading);
    const isForgettable = this.#mono - remembered.waitedAt >= restMs && [...remembered.peaks.values()].every((peak) => peak < 1);
    if (isForgettable) this.#remembered.delete(scope);
  }
}
