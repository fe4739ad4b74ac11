import { SlidingLimit } from './sliding-limit.ts';
import { limitWindows, limitWindowsMs, type Limits } from './upstream-rules.ts';

/** A limit, and how much of it is taken. */
export interface LimitUse {
  /** Null: attempts at once. */
  readonly windowMs: number | null;
  readonly limit: number;
  readonly used: number;
}

/** The limits of one upstream or of one domain: all must have a slot free, and one attempt takes one of each. */
export class Meter {
  /** `upstream:main`, `domain:example.net`. */
  readonly key: string;
  readonly #windows: readonly SlidingLimit[];
  #atOnce: number;
  #underWay = 0;

  constructor(key: string, limits: Limits) {
    this.key = key;
    this.#windows = limitWindows.flatMap((name) => {
      const limit = limits[name];
      return limit === undefined ? [] : [new SlidingLimit(limit, limitWindowsMs[name])];
    });
    this.#atOnce = limits.concurrency ?? Infinity;
  }

  /** When an attempt may be begun if nothing is heard meanwhile; -Infinity: now. */
  freeAt(mono: number): number {
    if (this.#underWay >= this.#atOnce) return Infinity;
    let at = -Infinity;
    for (const window of this.#windows) at = Math.max(at, window.freeAt(mono));
    return at;
  }

  take(): void {
    this.#underWay += 1;
    for (const window of this.#windows) window.take();
  }

  /** Its MAIL FROM was written at that moment at the latest. */
  noteWritten(latest: number): void {
    for (const window of this.#windows) window.end(latest);
  }

  /** Its MAIL FROM never was written. */
  noteUnwritten(): void {
    for (const window of this.#windows) window.giveBack();
  }

  noteConcluded(): void {
    this.#underWay -= 1;
  }

  /** As many as are given take the place of those in force; a window that it was not made with stays unlimited. */
  change(limits: Limits): void {
    for (const window of this.#windows) {
      const name = limitWindows.find((each) => limitWindowsMs[each] === window.windowMs);
      window.limit = (name && limits[name]) ?? window.limit;
    }
    this.#atOnce = limits.concurrency ?? this.#atOnce;
  }

  uses(mono: number): LimitUse[] {
    const windows = this.#windows.map((window) => ({ windowMs: window.windowMs, limit: window.limit, used: window.used(mono) }));
    return this.#atOnce === Infinity ? windows : [...windows, { windowMs: null, limit: this.#atOnce, used: this.#underWay }];
  }

  isIdle(mono: number): boolean {
    return this.#underWay === 0 && this.#windows.every((window) => window.used(mono) === 0);
  }

  /** What a successor must know, by the length of the window: how many slots become free so many milliseconds from now. */
  rests(mono: number): MeterRest[] {
    return this.#windows.map((window) => [window.windowMs, window.endings(mono).map(([freeAt, count]) => [freeAt - mono, count] as const)] as const);
  }

  /** Slots of a predecessor; one that speaks of more than they are held for has a clock that has been set back since. */
  restore(rests: readonly MeterRest[], passedMs: number, mono: number): void {
    for (const window of this.#windows) {
      const rest = rests.find(([windowMs]) => windowMs === window.windowMs)?.[1] ?? [];
      for (const [inMs, count] of rest) this.#resume(window, inMs - passedMs, count, mono);
    }
  }

  /** A message that went at the latest so long ago. */
  restoreWritten(agoMs: number, mono: number): void {
    for (const window of this.#windows) this.#resume(window, window.holdMs - agoMs, 1, mono);
  }

  #resume(window: SlidingLimit, inMs: number, count: number, mono: number): void {
    if (inMs > 0) window.endBy(mono + Math.min(inMs, window.holdMs), count);
  }
}

export type MeterRest = readonly [windowMs: number, endings: readonly (readonly [inMs: number, count: number])[]];
