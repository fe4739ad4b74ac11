import { HashChains } from './hash-chains.ts';

/** How long a finished id is remembered at least. */
export const recentSpanMs = 5 * 60_000;

/**
 * The ids of mail that finished lately, so that a publish that is replayed after its mail was removed is recognised and dropped instead of
 * sent. The stream's own duplicate window forgets removed messages when the server restarts. Whole ids are kept, 16 bytes each: a
 * false match would drop a mail. Two generations, so that forgetting costs nothing: an id is remembered for at least the span,
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
const smallestCapacity = 1024;

/** A set of UUIDs, in the order in which they came. */
class IdTable {
  #words = new Uint32Array(smallestCapacity * wordsPerId);
  #size = 0;
  readonly #places = new HashChains();

  add(id: string): void {
    readId(id);
    if (this.#contains()) return;
    if (this.#size * wordsPerId === this.#words.length) this.#grow();
    this.#words.set(sought, this.#size * wordsPerId);
    this.#places.add(this.#size, hashOfSought());
    this.#size += 1;
  }

  has(id: string): boolean {
    if (this.#size === 0) return false;
    readId(id);
    return this.#contains();
  }

  #contains(): boolean {
    let place = this.#places.find(hashOfSought());
    while (place >= 0 && !this.#standsAt(place * wordsPerId)) place = this.#places.findNext(place);
    return place >= 0;
  }

  #standsAt(at: number): boolean {
    for (let word = 0; word < wordsPerId; word += 1) if (this.#words[at + word] !== sought[word]) return false;
    return true;
  }

  #grow(): void {
    const before = this.#words;
    this.#words = new Uint32Array(before.length * 2);
    this.#words.set(before);
  }
}

/** The id that is looked for, as four words: one buffer for all, because this runs twice a mail. */
const sought = new Uint32Array(wordsPerId);

/** The random end of a UUIDv7 stands in the last two words; the last byte is the partition. */
function hashOfSought(): number {
  return (sought[2] as number) ^ ((sought[3] as number) >>> 8);
}

/** By where the digits of a UUID stand, between its hyphens. */
function readId(id: string): void {
  sought[0] = readHex(id, 0, 8);
  sought[1] = (readHex(id, 9, 13) << 16) | readHex(id, 14, 18);
  sought[2] = (readHex(id, 19, 23) << 16) | readHex(id, 24, 28);
  sought[3] = readHex(id, 28, 36);
}

function readHex(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    // Letters, and they alone, have bit 6; `a` ends in 1.
    value = (value << 4) | ((code & 15) + 9 * (code >> 6));
  }
  return value;
}
