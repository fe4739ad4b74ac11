/** How long a finished id is remembered at least. */
export const recentSpanMs = 5 * 60_000;

/**
 * The ids of mail that finished lately, so that a publish that is replayed after its mail was removed is recognised and dropped instead of
 * sent. The stream's own duplicate window forgets removed messages when the server restarts. Whole ids are kept, 16 bytes each in open
 * addressing: a false match would drop a mail. Two generations, so that forgetting costs nothing: an id is remembered for at least the span,
 * at most twice as long. A door gives up a publish after 20 s, so the default leaves a wide margin.
 */
export class RecentIds {
  readonly #spanMs: number;
  #young = new IdTable();
  #old = new IdTable();
  #youngSince = 0;

  constructor(spanMs = recentSpanMs) {
    this.#spanMs = spanMs;
  }

  add(id: string, now: number): void {
    if (now - this.#youngSince >= this.#spanMs) {
      this.#old = this.#young;
      this.#young = new IdTable();
      this.#youngSince = now;
    }
    this.#young.add(id);
  }

  has(id: string): boolean {
    return this.#young.has(id) || this.#old.has(id);
  }
}

const wordsPerId = 4;

/** A set of UUIDs; grows by doubling at 60 % load. The all-zero id, which is no UUIDv7, marks a free place. */
class IdTable {
  #words = new Uint32Array(1024 * wordsPerId);
  #size = 0;

  add(id: string): void {
    if (this.#size * 10 >= (this.#words.length / wordsPerId) * 6) this.#grow();
    const words = wordsOf(id);
    const at = this.#find(words);
    if (this.#isFree(at)) {
      this.#words.set(words, at);
      this.#size += 1;
    }
  }

  has(id: string): boolean {
    return !this.#isFree(this.#find(wordsOf(id)));
  }

  #find(words: readonly number[]): number {
    const mask = this.#words.length / wordsPerId - 1;
    // The random end of a UUIDv7 stands in words 2 and 3; the last byte of word 3 is the partition.
    let place = ((words[2] ?? 0) ^ ((words[3] ?? 0) >>> 8)) & mask;
    while (!this.#isFree(place * wordsPerId) && !this.#equals(place * wordsPerId, words)) place = (place + 1) & mask;
    return place * wordsPerId;
  }

  #isFree(at: number): boolean {
    return this.#words[at] === 0 && this.#words[at + 1] === 0;
  }

  #equals(at: number, words: readonly number[]): boolean {
    return words.every((word, index) => this.#words[at + index] === word);
  }

  #grow(): void {
    const before = this.#words;
    this.#words = new Uint32Array(before.length * 2);
    for (let at = 0; at < before.length; at += wordsPerId) {
      if (before[at] === 0 && before[at + 1] === 0) continue;
      const words = [...before.subarray(at, at + wordsPerId)];
      this.#words.set(words, this.#find(words));
    }
  }
}

function wordsOf(id: string): number[] {
  const hex = id.replaceAll('-', '');
  return [0, 8, 16, 24].map((from) => Number.parseInt(hex.slice(from, from + 8), 16) >>> 0);
}
