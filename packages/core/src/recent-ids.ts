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
const smallestCapacity = 1024;

/** A set of UUIDs; grows by doubling at 60 % load. The all-zero id, which is no UUIDv7, marks a free place. */
class IdTable {
  #words = new Uint32Array(smallestCapacity * wordsPerId);
  #size = 0;

  add(id: string): void {
    if (this.#size * 10 >= (this.#words.length / wordsPerId) * 6) this.#grow();
    readId(id);
    const at = this.#find();
    if (this.#words[at] !== 0) return;
    this.#words.set(sought, at);
    this.#size += 1;
  }

  has(id: string): boolean {
    if (this.#size === 0) return false;
    readId(id);
    return this.#words[this.#find()] !== 0;
  }

  /** Where the id in `sought` stands, or the free place where it would. A UUIDv7 begins with its time, so word 0 of an id is never 0. */
  #find(): number {
    const words = this.#words;
    const [first = 0, second = 0, third = 0, fourth = 0] = sought;
    const mask = words.length / wordsPerId - 1;
    // The random end of a UUIDv7 stands in the last two words; the last byte is the partition.
    let place = (third ^ (fourth >>> 8)) & mask;
    for (;;) {
      const at = place * wordsPerId;
      const word = words[at];
      if (word === 0) return at;
      if (word === first && words[at + 1] === second && words[at + 2] === third && words[at + 3] === fourth) return at;
      place = (place + 1) & mask;
    }
  }

  #grow(): void {
    const before = this.#words;
    this.#words = new Uint32Array(before.length * 2);
    for (let at = 0; at < before.length; at += wordsPerId) {
      if (before[at] === 0) continue;
      sought.set(before.subarray(at, at + wordsPerId));
      this.#words.set(sought, this.#find());
    }
  }
}

/** The id that is looked for, as four words: one buffer for all, because this runs twice a mail. */
const sought = new Uint32Array(wordsPerId);

function readId(id: string): void {
  let digits = 0;
  let word = 0;
  for (let at = 0; at < id.length; at += 1) {
    const code = id.charCodeAt(at);
    if (code === hyphen) continue;
    word = (word << 4) | (code <= nine ? code & 15 : (code & 15) + 9);
    digits += 1;
    if ((digits & 7) === 0) sought[(digits >> 3) - 1] = word;
  }
}

const hyphen = 45;
const nine = 57;
