/** Who wants to hear of which message. A change costs one look into a map, and while nobody listens nothing at all. */
export class Changes {
  readonly #listeners = new Map<string, Set<() => void>>();

  /** Calls `listener` after each change of the message, until the function that it returns is called. */
  subscribe(id: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  tell(events: Iterable<{ readonly id: string }>): void {
    if (this.#listeners.size === 0) return;
    for (const { id } of events) this.#listeners.get(id)?.forEach((listener) => listener());
  }

  /** After more has changed than can be named. */
  tellAll(): void {
    for (const listeners of this.#listeners.values()) listeners.forEach((listener) => listener());
  }
}
