/** A binary heap: the least by `before` comes out first. */
export class Heap<T> {
  readonly #entries: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#entries.length;
  }

  peek(): T | undefined {
    return this.#entries[0];
  }

  push(entry: T): void {
    const entries = this.#entries;
    let child = entries.length;
    entries.push(entry);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = entries[parent] as T;
      if (!this.#before(entry, above)) break;
      entries[child] = above;
      child = parent;
    }
    entries[child] = entry;
  }

  pop(): T | undefined {
    const top = this.#entries[0];
    const last = this.#entries.pop();
    if (last !== undefined && this.#entries.length > 0) this.#sinkFromTop(last);
    return top;
  }

  /** Forgets the entries that are of no more use. */
  keep(isWanted: (entry: T) => boolean): void {
    // An array in order is a heap already.
    const wanted = this.#entries.filter(isWanted).sort((a, b) => (this.#before(a, b) ? -1 : this.#before(b, a) ? 1 : 0));
    this.#entries.length = 0;
    for (const entry of wanted) this.#entries.push(entry);
  }

  #sinkFromTop(entry: T): void {
    const entries = this.#entries;
    const size = entries.length;
    let parent = 0;
    for (let child = 1; child < size; child = 2 * parent + 1) {
      if (child + 1 < size && this.#before(entries[child + 1] as T, entries[child] as T)) child += 1;
      const below = entries[child] as T;
      if (!this.#before(below, entry)) break;
      entries[parent] = below;
      parent = child;
    }
    entries[parent] = entry;
  }
}
