/** What one partition's owner holds of an upstream's room. */
interface Part {
  held: number;
  /** Monotonic milliseconds of the last time at which its first share was used up; far ahead of it, it could do with more. */
  pressedAt: number;
}

/** How long after its last need a partition keeps the larger share. */
const needMs = 1_000;

/**
 * Divides the room of an upstream's pool among the partitions whose mail it takes. The connections are the true bound, and whoever has mail should be
 * able to use all of them: so each partition has an equal share at any time, and those that use theirs up divide the whole room once more among
 * themselves. At most twice the room is promised, and what is not begun waits here in the order in which it came.
 */
export class RoomShares {
  readonly #parts: readonly Part[];

  constructor(partitions: number) {
    this.#parts = Array.from({ length: partitions }, () => ({ held: 0, pressedAt: -Infinity }));
  }

  /** The room for a partition's attempts, of `room` in all. */
  share(partition: number, room: number, now: number): number {
    const pressed = this.#parts.filter((part) => isPressed(part, now)).length;
    const part = this.#parts[partition];
    const sharers = part && isPressed(part, now) ? pressed : this.#parts.length;
    return Math.ceil(room / sharers);
  }

  /** An attempt of the partition came. True when the shares are others now. */
  took(partition: number, room: number, now: number): boolean {
    const part = this.#parts[partition];
    if (!part || this.#parts.length === 1) return false;
    part.held += 1;
    if (part.held < Math.ceil(room / this.#parts.length)) return false;
    const was = isPressed(part, now);
    part.pressedAt = now;
    return !was;
  }

  /** An attempt of the partition is done with. */
  gave(partition: number): void {
    const part = this.#parts[partition];
    if (part && this.#parts.length > 1) part.held -= 1;
  }

  /** Whether the shares have changed since `before` by time alone. */
  changedSince(before: number, now: number): boolean {
    return this.#parts.some((part) => isPressed(part, before) && !isPressed(part, now));
  }
}

function isPressed({ pressedAt }: Part, now: number): boolean {
  return now - pressedAt < needMs;
}
