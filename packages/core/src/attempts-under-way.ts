import { LiveEntries } from './live-entries.ts';
import type { Attempt } from './sender-table.ts';

/**
 * Attempts by id. The id ends in its number, and one owner numbers its attempts one after the other, so they stand by that: a table of texts would be rebuilt
 * every thousand mails. Where an earlier owner's attempt has the same number, the second one stands beside.
 */
export class AttemptsUnderWay {
  readonly #byNumber = new LiveEntries<Attempt>();
  readonly #beside = new Map<string, Attempt>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: string): Attempt | undefined {
    const numbered = this.#byNumber.get(numberOf(id));
    if (numbered?.id === id) return numbered;
    return this.#beside.size === 0 ? undefined : this.#beside.get(id);
  }

  *values(): Generator<Attempt, undefined> {
    yield* this.#byNumber.values();
    yield* this.#beside.values();
  }

  /** An attempt that is not here. */
  add(attempt: Attempt): void {
    const number = numberOf(attempt.id);
    if (this.#byNumber.has(number)) this.#beside.set(attempt.id, attempt);
    else this.#byNumber.set(number, attempt);
    this.#size += 1;
  }

  /** Whether it was here. */
  delete(attempt: Attempt): boolean {
    const number = numberOf(attempt.id);
    if (this.#byNumber.get(number) === attempt) this.#byNumber.take(number);
    else if (this.#beside.get(attempt.id) === attempt) this.#beside.delete(attempt.id);
    else return false;
    this.#size -= 1;
    return true;
  }
}

const zero = 48;

/** `7.1234`: the 1,234th of epoch 7. An id that somebody made up has some number as well. */
function numberOf(id: string): number {
  let number = 0;
  for (let at = id.indexOf('.') + 1; at < id.length; at += 1) number = number * 10 + id.charCodeAt(at) - zero;
  return number;
}
