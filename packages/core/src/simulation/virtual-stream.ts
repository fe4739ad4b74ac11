/** A stream as JetStream keeps it: sequences are given once and never again; removed entries leave holes. */
export class VirtualStream<T> {
  /** Goes up with every change. */
  version = 0;
  #last = 0;
  readonly #entries = new Map<number, T>();

  /** Highest sequence ever given. */
  get last(): number {
    return this.#last;
  }

  /** Lowest sequence that is there, or would be the next. */
  get first(): number {
    return this.#entries.keys().next().value ?? this.#last + 1;
  }

  get size(): number {
    return this.#entries.size;
  }

  append(entry: T): number {
    this.#last += 1;
    this.version += 1;
    this.#entries.set(this.#last, entry);
    return this.#last;
  }

  get(sequence: number): T | undefined {
    return this.#entries.get(sequence);
  }

  remove(sequence: number): void {
    this.#entries.delete(sequence);
    this.version += 1;
  }

  purgeUpTo(sequence: number): void {
    this.version += 1;
    // They lie in the order of their sequences.
    for (const existing of this.#entries.keys()) {
      if (existing > sequence) return;
      this.#entries.delete(existing);
    }
  }

  /** So many of those that are there, from the lowest sequence on. */
  oldest(count: number): [number, T][] {
    return [...this.#entries.entries().take(count)];
  }

  /** In order, from this sequence on. */
  from(sequence: number): [number, T][] {
    const all = [...this.#entries];
    return sequence <= 0 ? all : all.filter(([existing]) => existing >= sequence);
  }
}
