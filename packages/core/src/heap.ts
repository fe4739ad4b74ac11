/** Of each place. With four, one way through a heap of a million is half as long as with two, and the four lie side by side. */
const children = 4;

/**
 * A heap: the least key comes out first, and of equal keys the least order. Both stand beside the entries as plain numbers, so that
 * sifting looks at no entry: a million of them lie all over the memory, and every look there costs more than the comparison.
 */
export class Heap<T> {
  readonly #entries: T[] = [];
  readonly #keys: number[] = [];
  readonly #orders: number[] = [];
  /** The place that is swept next. */
  #swept = 0;

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
    this.#entries.push(entry);
    this.#keys.push(key);
    this.#orders.push(order);
    this.#rise(this.#entries.length - 1, entry, key, order);
  }

  pop(): T | undefined {
    const top = this.#entries[0];
    if (top !== undefined) this.#takeOut(0);
    return top;
  }

  /** Gives the entry on top another place. */
  replaceTop(key: number, order: number): void {
    const top = this.#entries[0];
    if (top !== undefined) this.#sink(0, top, key, order);
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

  /**
   * Looks at so many entries, each time at the next ones, and forgets those that are of no more use: with each entry that comes, so that they never pile up
   * and nobody ever waits until all of them have been looked at.
   */
  sweep(looks: number, isWanted: (entry: T) => boolean): void {
    for (let left = Math.min(looks, this.size); left > 0; left -= 1) {
      if (this.#swept >= this.size) this.#swept = 0;
      if (isWanted(this.#entries[this.#swept] as T)) this.#swept += 1;
      else this.#takeOut(this.#swept);
    }
  }

  clear(): void {
    this.#entries.length = 0;
    this.#keys.length = 0;
    this.#orders.length = 0;
  }

  /** The last entry takes the place. */
  #takeOut(place: number): void {
    const last = this.#entries.pop() as T;
    const key = this.#keys.pop() as number;
    const order = this.#orders.pop() as number;
    if (place === this.size) return;
    if (place > 0 && this.#goesBefore(key, order, parentOf(place))) this.#rise(place, last, key, order);
    else this.#sink(place, last, key, order);
  }

  #rise(from: number, entry: T, key: number, order: number): void {
    let place = from;
    while (place > 0 && this.#goesBefore(key, order, parentOf(place))) {
      this.#move(parentOf(place), place);
      place = parentOf(place);
    }
    this.#put(place, entry, key, order);
  }

  #sink(from: number, entry: T, key: number, order: number): void {
    let place = from;
    for (let child = this.#leastChild(place); child > 0 && !this.#goesBefore(key, order, child); child = this.#leastChild(place)) {
      this.#move(child, place);
      place = child;
    }
    this.#put(place, entry, key, order);
  }

  /** 0: it has none. */
  #leastChild(place: number): number {
    const first = children * place + 1;
    const end = Math.min(first + children, this.#keys.length);
    if (first >= end) return 0;
    let least = first;
    for (let child = first + 1; child < end; child += 1) {
      if (this.#goesBefore(this.#keys[child] as number, this.#orders[child] as number, least)) least = child;
    }
    return least;
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

function parentOf(place: number): number {
  return Math.floor((place - 1) / children);
}
