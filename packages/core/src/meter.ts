import { SlidingLimit } from './sliding-limit.ts';
import { limitWindows, limitWindowsMs, type Limits, type LimitWindow } from './upstream-rules.ts';

/** A limit, and how much of it is taken. */
export interface LimitUse {
  /** Null: attempts at once. */
  readonly windowMs: number | null;
  readonly limit: number;
  readonly used: number;
  /** What is configured, where `limit` is this partition's share of it. */
  readonly whole?: number;
}

/** The limits of one upstream or of one domain: all must have a slot free, and one attempt takes one of each. */
export class Meter {
  /** `upstream:main`, `domain:example.net`. */
  readonly key: string;
  readonly #whole: Limits;
  readonly #windows: readonly SlidingLimit[];
  #atOnce: number;
  #underWay = 0;

  /** `share`: what may be used of the limits; without one the whole. */
  constructor(key: string, limits: Limits, share: Limits = limits) {
    this.key = key;
    this.#whole = limits;
    this.#windows = limitWindows.flatMap((name) => (limits[name] === undefined ? [] : [new SlidingLimit(share[name] ?? 0, limitWindowsMs[name])]));
    this.#atOnce = limits.concurrency === undefined ? Infinity : (share.concurrency ?? 0);
  }

  /** What may be used of each limit. */
  get share(): Limits {
    const windows = this.#windows.map(({ windowMs, limit }) => [nameOf(windowMs), limit]);
    return { ...(Object.fromEntries(windows) as Limits), ...(this.#atOnce === Infinity ? {} : { concurrency: this.#atOnce }) };
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

  /** Another share from now on. False when it is the same. */
  change(share: Limits): boolean {
    const [before, beforeAtOnce] = [this.#windows.map(({ limit }) => limit), this.#atOnce];
    for (const window of this.#windows) window.limit = share[nameOf(window.windowMs)] ?? 0;
    if (this.#whole.concurrency !== undefined) this.#atOnce = share.concurrency ?? 0;
    return this.#atOnce !== beforeAtOnce || this.#windows.some(({ limit }, place) => limit !== before[place]);
  }

  uses(mono: number): LimitUse[] {
    const windows = this.#windows.map((window) => this.#use(window.windowMs, window.limit, window.used(mono)));
    return this.#atOnce === Infinity ? windows : [...windows, this.#use(null, this.#atOnce, this.#underWay)];
  }

  #use(windowMs: number | null, limit: number, used: number): LimitUse {
    const whole = windowMs === null ? this.#whole.concurrency : this.#whole[nameOf(windowMs)];
    return { windowMs, limit, used, ...(whole !== undefined && whole !== limit && { whole }) };
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

const windowNames = new Map(limitWindows.map((name) => [limitWindowsMs[name] as number, name]));
const nameOf = (windowMs: number) => windowNames.get(windowMs) as LimitWindow;

export type MeterRest = readonly [windowMs: number, endings: readonly (readonly [inMs: number, count: number])[]];
