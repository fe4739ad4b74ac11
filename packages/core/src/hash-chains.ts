const smallest = 1_024;
const nowhere = -1;

/**
 * Finds places (0, 1, 2, ...) by the hash of what stands there: for tables of a million entries that change thousands of times a second. All is in plain numbers, so that
 * finding looks at no entry but those of the same hash, and growing is a copy of numbers at most; a `Map` of as many texts reads every one of them when it is
 * rebuilt, a tenth of a second in which nothing else happens.
 */
export class HashChains {
  /** By chain: its first place. */
  #first = new Int32Array(smallest).fill(nowhere);
  #chains = smallest;
  /** Of the power of two that is the number of chains, or the next one below it. */
  #mask = smallest - 1;
  /** Two by place, because they are looked at together: the next place of its chain, and the hash. */
  #links = new Int32Array(2 * smallest);
  #size = 0;

  /** The first place with this hash, an integer of 32 bits; -1: none. */
  find(hash: number): number {
    return this.#seek(this.#first[this.#chainOf(hash)] as number, hash);
  }

  /** The next place with the same hash; -1: none. */
  findNext(place: number): number {
    return this.#seek(this.#nextOf(place), this.#hashOf(place));
  }

  /** Places are to be used anew before higher ones are: the memory goes by the highest. */
  add(place: number, hash: number): void {
    if (2 * place >= this.#links.length) this.#growPlaces(place);
    while (4 * this.#size >= 3 * this.#chains) this.#splitChain();
    this.#links[2 * place + 1] = hash;
    this.#link(place);
    this.#size += 1;
  }

  /** Of a place that stands here. */
  remove(place: number): void {
    const chain = this.#chainOf(this.#hashOf(place));
    let before = this.#first[chain] as number;
    if (before === place) this.#first[chain] = this.#nextOf(place);
    else {
      while (this.#nextOf(before) !== place) before = this.#nextOf(before);
      this.#links[2 * before] = this.#nextOf(place);
    }
    this.#size -= 1;
  }

  #seek(from: number, hash: number): number {
    let place = from;
    while (place !== nowhere && this.#hashOf(place) !== hash) place = this.#nextOf(place);
    return place;
  }

  #nextOf(place: number): number {
    return this.#links[2 * place] as number;
  }

  #hashOf(place: number): number {
    return this.#links[2 * place + 1] as number;
  }

  #chainOf(hash: number): number {
    const chain = hash & (2 * this.#mask + 1);
    return chain < this.#chains ? chain : hash & this.#mask;
  }

  #link(place: number): void {
    const chain = this.#chainOf(this.#hashOf(place));
    this.#links[2 * place] = this.#first[chain] as number;
    this.#first[chain] = place;
  }

  #growPlaces(place: number): void {
    const before = this.#links;
    this.#links = new Int32Array(Math.max(2 * before.length, 2 * place + 2));
    this.#links.set(before);
  }

  /**
   * One more chain, which takes its part of another one (linear hashing): with each entry that comes the table grows by as much, and never as a whole.
   */
  #splitChain(): void {
    if (this.#chains === this.#first.length) this.#first = doubled(this.#first);
    const split = this.#chains & this.#mask;
    const head = this.#first[split] as number;
    this.#first[split] = this.#first[this.#chains] = nowhere;
    this.#chains += 1;
    if (this.#chains > 2 * this.#mask + 1) this.#mask = 2 * this.#mask + 1;
    for (let place = head, next = head; place !== nowhere; place = next) {
      next = this.#nextOf(place);
      this.#link(place);
    }
  }
}

function doubled(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(2 * numbers.length);
  longer.set(numbers);
  return longer;
}
