interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

export interface RoomBounds {
  readonly bytes: number;
  /** How many may be inside, whatever their size. Default: no bound. */
  readonly places?: number;
}

/** Bounded memory that requests enter and leave with their bytes. */
export interface Space {
  /** True when it is inside now. It never overtakes who waits. */
  tryEnter(bytes: number): boolean;
  /** Enters whether there is room or not: for what is in memory already. */
  force(bytes: number): void;
  /** Resolves inside; rejects with the signal's reason. */
  enter(bytes: number, signal: AbortSignal): Promise<void>;
  leave(bytes: number): void;
}

/** A bound on what is in memory at once. Who finds no room waits in line; what is larger than the whole room may enter when it is empty. */
export class Room implements Space {
  readonly #bounds: RoomBounds;
  readonly #line: Waiting[] = [];
  #bytes = 0;
  #inside = 0;

  constructor(bounds: RoomBounds) {
    this.#bounds = bounds;
  }

  /** Bytes of all that is inside. */
  get bytes(): number {
    return this.#bytes;
  }

  tryEnter(bytes: number): boolean {
    if (this.#line.length > 0 || !this.#fits(bytes)) return false;
    this.#take(bytes);
    return true;
  }

  force(bytes: number): void {
    this.#take(bytes);
  }

  async enter(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.tryEnter(bytes)) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { bytes, enter: resolve };
    const leaveLine = () => {
      const at = this.#line.indexOf(waiting);
      if (at >= 0) this.#line.splice(at, 1);
      reject(signal.reason as Error);
      this.#admit();
    };
    this.#line.push(waiting);
    signal.addEventListener('abort', leaveLine, { once: true });
    await promise.finally(() => signal.removeEventListener('abort', leaveLine));
  }

  leave(bytes: number): void {
    this.#bytes -= bytes;
    this.#inside -= 1;
    this.#admit();
  }

  #admit(): void {
    for (let [next] = this.#line; next && this.#fits(next.bytes); [next] = this.#line) {
      this.#line.shift();
      this.#take(next.bytes);
      next.enter();
    }
  }

  #take(bytes: number): void {
    this.#bytes += bytes;
    this.#inside += 1;
  }

  #fits(bytes: number): boolean {
    const { bytes: most, places = Number.POSITIVE_INFINITY } = this.#bounds;
    return this.#inside === 0 || (this.#inside < places && this.#bytes + bytes <= most);
  }
}
