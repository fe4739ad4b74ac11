const smallest = 1_024;
const nowhere = -1;

/**
 * Finds places (0, 1, 2, ...) by the hash of what stands there: for tables of a million entries that change thousands of times a second. All is in plain numbers, so that
 * finding looks at no entry but those of the same hash, and to double takes some milliseconds for a million; a `Map` of as many texts reads every one of them
 * when it is rebuilt, a tenth of a second in which nothing else happens.
 */
export class HashChains {
  /** By hash: the first place of its chain. A power of two of them. */
  #first = new Int32Array(smallest).fill(nowhere);
  /** By place: the next one of its chain, and the hash. */
  #next = new Int32Array(smallest);
  #hashes = new Int32Array(smallest);
  #size = 0;

  /** The first place with this hash, an integer of 32 bits; -1: none. */
  find(hash: number): number {
    return this.#seek(this.#first[hash & (this.#first.length - 1)] as number, hash);
  }

  /** The next place with the same hash; -1: none. */
  findNext(place: number): number {
    return this.#seek(this.#next[place] as number, this.#hashes[place] as number);
  }

  /** Places are to be used anew before higher ones are: the memory goes by the highest. */
  add(place: number, hash: number): void {
    if (place >= this.#next.length) this.#growPlaces(place);
    if (this.#size === this.#first.length) this.#doubleChains();
    this.#hashes[place] = hash;
    this.#link(place);
    this.#size += 1;
  }

  /** Of a place that stands here. */
  remove(place: number): void {
    const chain = this.#chainOf(place);
    const next = this.#next[place] as number;
    let before = this.#first[chain] as number;
    if (before === place) this.#first[chain] = next;
    else {
      while (this.#next[before] !== place) before = this.#next[before] as number;
      this.#next[before] = next;
    }
    this.#size -= 1;
  }

  #seek(from: number, hash: number): number {
    let place = from;
    while (place !== nowhere && this.#hashes[place] !== hash) place = this.#next[place] as number;
    return place;
  }

  #chainOf(place: number): number {
    return (this.#hashes[place] as number) & (this.#first.length - 1);
  }

  #link(place: number): void {
    const chain = this.#chainOf(place);
    this.#next[place] = this.#first[chain] as number;
    this.#first[chain] = place;
  }

  #growPlaces(place: number): void {
    const room = Math.max(2 * this.#next.length, place + 1);
    this.#next = resized(this.#next, room);
    this.#hashes = resized(this.#hashes, room);
  }

  /** Chain by chain, because a place that is free has a hash as well. */
  #doubleChains(): void {
    const before = this.#first;
    this.#first = new Int32Array(2 * before.length).fill(nowhere);
    for (const head of before) {
      for (let place = head, next = head; place !== nowhere; place = next) {
        next = this.#next[place] as number;
        this.#link(place);
      }
    }
  }
}

function resized(numbers: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(length);
  longer.set(numbers);
  return longer;
}
