/**
 * A binary heap: the least key comes out first, and of equal keys the least order. Both stand beside the entries as plain numbers, so that
 * sifting looks at no entry: a million of them lie all over the memory, and every look there costs more than the comparison.
 */
export class Heap<T> {
  readonly #entries: T[] = [];
  readonly #keys: number[] = [];
  readonly #orders: number[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** Infinity when it is empty. */
  get leastKey(): number {
    return this.#keys[0] ?? Infinity;
  }

  peek(): T | undefined {
    return this.#entries[0];
  }

  push(entry: T, key: number, order: number): void {
    let place = this.#entries.length;
    this.#entries.push(entry);
    this.#keys.push(key);
    this.#orders.push(order);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#goesBefore(key, order, parent)) break;
      this.#move(parent, place);
      place = parent;
    }
    this.#put(place, entry, key, order);
  }

  pop(): T | undefined {
    const top = this.#entries[0];
    const last = this.#entries.pop();
    const key = this.#keys.pop();
    const order = this.#orders.pop();
    if (this.#entries.length > 0) this.#sinkFromTop(last as T, key as number, order as number);
    return top;
  }

  /** Gives the entry on top another place. */
  replaceTop(key: number, order: number): void {
    const top = this.#entries[0];
    if (top !== undefined) this.#sinkFromTop(top, key, order);
  }

  /** Entries that come out before this one; undefined when it is not here. Looks at all of them: for a question, not for the road. */
  countBefore(entry: T): number | undefined {
    const place = this.#entries.indexOf(entry);
    if (place < 0) return undefined;
    let before = 0;
    for (let other = 0; other < this.#entries.length; other += 1) {
      if (other !== place && !this.#goesBefore(this.#keys[place] as number, this.#orders[place] as number, other)) before += 1;
    }
    return before;
  }

  /** Forgets the entries that are of no more use. */
  keep(isWanted: (entry: T) => boolean): void {
    const all = this.#entries.map((entry, at) => ({ entry, key: this.#keys[at] as number, order: this.#orders[at] as number }));
    this.clear();
    for (const { entry, key, order } of all) if (isWanted(entry)) this.push(entry, key, order);
  }

  clear(): void {
    this.#entries.length = 0;
    this.#keys.length = 0;
    this.#orders.length = 0;
  }

  #sinkFromTop(entry: T, key: number, order: number): void {
    const keys = this.#keys;
    const size = keys.length;
    let place = 0;
    for (let child = 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && this.#goesBefore(keys[child + 1] as number, this.#orders[child + 1] as number, child)) child += 1;
      if (this.#goesBefore(key, order, child)) break;
      this.#move(child, place);
      place = child;
    }
    this.#put(place, entry, key, order);
  }

  #goesBefore(key: number, order: number, place: number): boolean {
    const other = this.#keys[place] as number;
    return key < other || (key === other && order < (this.#orders[place] as number));
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#entries[from] as T, this.#keys[from] as number, this.#orders[from] as number);
  }

  #put(place: number, entry: T, key: number, order: number): void {
    this.#entries[place] = entry;
    this.#keys[place] = key;
    this.#orders[place] = order;
  }
}
