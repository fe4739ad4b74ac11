import { Heap } from '@posthaste/core/heap';

/** What is to happen, in virtual time: milliseconds from the beginning. What is to happen at the same time happens in the order in which it was entered. */
export class Agenda {
  now = 0;
  readonly #acts = new Heap<() => void>();
  #order = 0;

  at(time: number, act: () => void): void {
    this.#acts.push(act, Math.max(time, this.now), (this.#order += 1));
  }

  after(ms: number, act: () => void): void {
    this.at(this.now + ms, act);
  }

  /** Again and again, the first time after `ms`, as long as `goesOn`. */
  every(ms: number, act: () => void, goesOn: () => boolean): void {
    this.after(ms, () => {
      if (!goesOn()) return;
      act();
      this.every(ms, act, goesOn);
    });
  }

  /** The next act; false when none is left before `until`. */
  step(until: number): boolean {
    if (this.#acts.leastKey > until) return false;
    this.now = this.#acts.leastKey;
    this.#acts.pop()?.();
    return true;
  }
}
