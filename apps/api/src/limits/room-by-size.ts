import { Room, type Space } from './room.ts';

/** Counted bytes up to which a request is small: a mail without large attachments. */
const smallBytes = 2 ** 20;
/** The part of the whole that is kept for small ones. */
const shareOfSmall = 1 / 8;

/** Small requests have room of their own: a few large ones, or clients that announce them and send nothing, hold up no ordinary mail. */
export class RoomBySize implements Space {
  readonly #small: Room;
  readonly #large: Room;

  constructor(bytes: number) {
    this.#small = new Room({ bytes: bytes * shareOfSmall });
    this.#large = new Room({ bytes: bytes * (1 - shareOfSmall) });
  }

  tryEnter(bytes: number): boolean {
    return this.#of(bytes).tryEnter(bytes);
  }

  force(bytes: number): void {
    this.#of(bytes).force(bytes);
  }

  enter(bytes: number, signal: AbortSignal): Promise<void> {
    return this.#of(bytes).enter(bytes, signal);
  }

  leave(bytes: number): void {
    this.#of(bytes).leave(bytes);
  }

  #of(bytes: number): Room {
    return bytes <= smallBytes ? this.#small : this.#large;
  }
}
