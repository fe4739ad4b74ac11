/** Entries to a block. */
const perBlock = 1_024;

/** To be copied: many times as fast as to fill a new one. */
const nothing: readonly undefined[] = Array.from({ length: perBlock });

interface Block<T> {
  readonly entries: (T | undefined)[];
  count: number;
}

/** What lies at a log's sequences that are unfinished: dense, and leaving about in order, so it is kept in blocks instead of one by one. */
export class LiveEntries<T> {
  readonly #blocks = new Map<number, Block<T>>();
  /** Emptied last: in a log with little mail each mail would make a block of its own and throw it away. */
  #spare: Block<T> | undefined;

  get(sequence: number): T | undefined {
    return this.#blocks.get(Math.floor(sequence / perBlock))?.entries[sequence % perBlock];
  }

  has(sequence: number): boolean {
    return this.get(sequence) !== undefined;
  }

  set(sequence: number, entry: T): void {
    const number = Math.floor(sequence / perBlock);
    let block = this.#blocks.get(number);
    if (!block) this.#blocks.set(number, (block = this.#emptyBlock()));
    if (block.entries[sequence % perBlock] === undefined) block.count += 1;
    block.entries[sequence % perBlock] = entry;
  }

  /** Returns what was there. */
  take(sequence: number): T | undefined {
    const number = Math.floor(sequence / perBlock);
    const block = this.#blocks.get(number);
    const entry = block?.entries[sequence % perBlock];
    if (!block || entry === undefined) return undefined;
    block.entries[sequence % perBlock] = undefined;
    if ((block.count -= 1) === 0) {
      this.#blocks.delete(number);
      this.#spare = block;
    }
    return entry;
  }

  /** Those of a block in order, block after block as they came. */
  *values(): Generator<T, undefined> {
    for (const { entries } of this.#blocks.values()) for (const entry of entries) if (entry !== undefined) yield entry;
  }

  #emptyBlock(): Block<T> {
    const block = this.#spare ?? { entries: nothing.slice(), count: 0 };
    this.#spare = undefined;
    return block;
  }
}
