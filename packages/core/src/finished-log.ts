/** Sequences from and to, both included. */
export type SequenceRange = readonly [from: number, to: number];

const wordsPerBlock = 32;
const perBlock = wordsPerBlock * 32;

/**
 * Which entries of a log are finished. The mark is the highest sequence up to which all are: a log is trimmed up to its mark and never
 * beyond, because what is above it is unfinished or has not been seen. Above the mark finished ones are bits, 1,024 to a block.
 */
export class FinishedLog {
  #mark: number;
  readonly #blocks = new Map<number, Uint32Array>();

  constructor(mark = 0, ranges: readonly SequenceRange[] = []) {
    this.#mark = mark;
    for (const [from, to] of ranges) this.finishRange(from, to);
  }

  get mark(): number {
    return this.#mark;
  }

  has(sequence: number): boolean {
    if (sequence <= this.#mark) return true;
    const word = this.#blocks.get(Math.floor(sequence / perBlock))?.[(sequence % perBlock) >>> 5] ?? 0;
    return (word & (1 << (sequence & 31))) !== 0;
  }

  finish(sequence: number): void {
    if (sequence <= this.#mark) return;
    if (sequence === this.#mark + 1) this.#mark = sequence;
    else this.#setBit(sequence);
    while (this.#takeBit(this.#mark + 1)) this.#mark += 1;
  }

  finishRange(from: number, to: number): void {
    for (let sequence = Math.max(from, this.#mark + 1); sequence <= to; sequence += 1) this.finish(sequence);
  }

  /** What is finished above the mark, as ranges in order. */
  ranges(): SequenceRange[] {
    const ranges: [number, number][] = [];
    for (const block of [...this.#blocks.keys()].sort((a, b) => a - b)) {
      for (let sequence = block * perBlock; sequence < (block + 1) * perBlock; sequence += 1) {
        if (sequence <= this.#mark || !this.has(sequence)) continue;
        const last = ranges.at(-1);
        if (last && last[1] === sequence - 1) last[1] = sequence;
        else ranges.push([sequence, sequence]);
      }
    }
    return ranges;
  }

  #setBit(sequence: number): void {
    const block = Math.floor(sequence / perBlock);
    let words = this.#blocks.get(block);
    if (!words) this.#blocks.set(block, (words = new Uint32Array(wordsPerBlock)));
    const word = (sequence % perBlock) >>> 5;
    words[word] = (words[word] ?? 0) | (1 << (sequence & 31));
  }

  /** Whether the bit was set; a block whose last bit has been passed is dropped. */
  #takeBit(sequence: number): boolean {
    const block = Math.floor(sequence / perBlock);
    const set = ((this.#blocks.get(block)?.[(sequence % perBlock) >>> 5] ?? 0) & (1 << (sequence & 31))) !== 0;
    const passed = set ? sequence : sequence - 1;
    if (passed % perBlock === perBlock - 1) this.#blocks.delete(Math.floor(passed / perBlock));
    return set;
  }
}
