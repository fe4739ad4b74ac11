/** After a failure the next look comes after this, doubling up to the usual distance once it has failed `soonFailures` times. */
const soonMs = 1_000;
const soonFailures = 3;
/** An upstream that was heard of so recently needs no look. */
const recentMs = 5_000;

export interface CheckPlanOptions {
  /** 0: never. */
  readonly everyMs: number;
  /** Of this sender's own, from 0 to 1, so that several senders do not all look at the same moment. */
  readonly phase: number;
  readonly startedAt: number;
}

/**
 * When to look whether an upstream can be used. The looks stand on a grid of the sender's own, so that senders whose traffic ends at one moment do
 * not look at one moment; a failure brings the next ones close, so that whoever counts failures has three of them within seconds. Times are
 * monotonic milliseconds.
 */
export class CheckPlan {
  readonly #options: CheckPlanOptions;
  #dueAt: number;
  #failures = 0;
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(options: CheckPlanOptions) {
    this.#options = options;
    this.#dueAt = options.everyMs === 0 ? Infinity : options.startedAt + options.phase * options.everyMs;
  }

  /** The upstream has shown that it can be used: mail or a new session went well. */
  heard(at: number): void {
    this.#heardAt = at;
    if (this.#failures > 0) this.#dueAt = this.#nextOnGrid(at);
    this.#failures = 0;
  }

  /** Nothing was heard for as long as lies between two looks. */
  isSilent(now: number): boolean {
    return this.#options.everyMs > 0 && now - this.#heardAt >= this.#options.everyMs;
  }

  /** True once for each look that is due: it is to be made now. */
  takeDue(now: number): boolean {
    if (now < this.#dueAt) return false;
    this.#dueAt = this.#nextOnGrid(now);
    return now - this.#heardAt >= Math.min(recentMs, this.#options.everyMs);
  }

  /** The upstream has shown that it cannot be used, by a look or otherwise. */
  failed(now: number): void {
    if (this.#options.everyMs === 0) return;
    this.#failures += 1;
    const waitMs = soonMs * 2 ** Math.max(0, this.#failures - soonFailures);
    this.#dueAt = now + Math.min(waitMs, this.#options.everyMs);
  }

  #nextOnGrid(now: number): number {
    const { startedAt, phase, everyMs } = this.#options;
    const first = startedAt + phase * everyMs;
    return first + (Math.floor((now - first) / everyMs) + 1) * everyMs;
  }
}

/** A number from 0 to 1 that a text has for its own (FNV-1a). */
export function phaseOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
