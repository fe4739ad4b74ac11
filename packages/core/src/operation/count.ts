import type { Progress, Unchanged } from './command.ts';

/** How far a command is, while it is being worked off. In recipients. */
export class Count {
  matched: number;
  changed: number;
  pending = 0;
  readonly #unchanged: Partial<Record<Unchanged, number>> = {};

  /** `changed`: before a crash, by the journal. */
  constructor(changed = 0) {
    this.matched = changed;
    this.changed = changed;
  }

  /** By the journal, after a crash. */
  change(recipients: number): void {
    this.matched += recipients;
    this.changed += recipients;
  }

  leave(cause: Unchanged, recipients: number): void {
    this.#unchanged[cause] = (this.#unchanged[cause] ?? 0) + recipients;
  }

  get progress(): Progress {
    const { matched, changed, pending } = this;
    return { done: false, matched, changed, pending, unchanged: { ...this.#unchanged } };
  }
}
