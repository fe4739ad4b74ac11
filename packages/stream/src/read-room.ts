/** A bound on the reads that are on their way at once. Who finds no place waits in line; nobody overtakes. */
export class ReadRoom {
  private free: number;
  /** In the order in which they came. */
  private readonly line = new Set<() => void>();

  constructor(places: number) {
    this.free = places;
  }

  /** Rejects as the read does, or with the signal's reason while it waits; a read that has begun keeps its place until it is settled. */
  async run<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.enter(signal);
    try {
      return await read();
    } finally {
      this.leave();
    }
  }

  private async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.free > 0) return void (this.free -= 1);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      this.line.delete(resolve);
      reject(signal.reason);
    };
    this.line.add(resolve);
    signal.addEventListener('abort', giveUp, { once: true });
    await promise.finally(() => signal.removeEventListener('abort', giveUp));
  }

  /** The place passes from hand to hand, so that nobody slips in between. */
  private leave(): void {
    const [next] = this.line;
    if (!next) return void (this.free += 1);
    this.line.delete(next);
    next();
  }
}
