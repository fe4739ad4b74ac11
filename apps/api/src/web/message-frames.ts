const prefixBytes = 5;
const compressedFlag = 1;

/** A message of a framed body, as its prefix declares it. */
export interface Frame {
  /** As it comes, so compressed if it is. */
  readonly bytes: number;
  readonly compressed: boolean;
}

/** Watches the frames of gRPC, gRPC-Web and Connect's streams pass by: a byte of flags, four of length, and the message. */
export class MessageFrames {
  readonly #prefix = Buffer.alloc(prefixBytes);
  #filled = 0;
  #missing = 0;

  /** Whether a message has begun and is not all here. */
  get incomplete(): boolean {
    return this.#missing > 0 || this.#filled > 0;
  }

  /** Those that begin in these bytes. */
  push(bytes: Uint8Array): readonly Frame[] {
    const begun: Frame[] = [];
    for (let at = 0; at < bytes.length;) {
      const passing = Math.min(this.#missing, bytes.length - at);
      this.#missing -= passing;
      at += passing;
      if (at < bytes.length && this.#missing === 0) at += this.#takePrefix(bytes.subarray(at), begun);
    }
    return begun;
  }

  #takePrefix(bytes: Uint8Array, begun: Frame[]): number {
    const taken = Math.min(prefixBytes - this.#filled, bytes.length);
    this.#prefix.set(bytes.subarray(0, taken), this.#filled);
    this.#filled += taken;
    if (this.#filled < prefixBytes) return taken;
    this.#filled = 0;
    this.#missing = this.#prefix.readUInt32BE(1);
    begun.push({ bytes: this.#missing, compressed: (this.#prefix[0]! & compressedFlag) !== 0 });
    return taken;
  }
}
