const worthwhileBytes = 4096;
const maxPieces = 256;

/**
 * A client that sends a few bytes at a time shall not make us keep thousands of tiny buffers, nor look at the same header block thousands of
 * times: small pieces are joined until they are worth the work. Pieces of usual size pass through untouched.
 */
export class Gather {
  readonly #passOn: (bytes: Buffer) => Promise<void> | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(passOn: (bytes: Buffer) => Promise<void> | undefined) {
    this.#passOn = passOn;
  }

  push(bytes: Buffer): Promise<void> | undefined {
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= worthwhileBytes) return this.end();
    if (this.#pieces.length >= maxPieces) this.#pieces = [Buffer.concat(this.#pieces)];
    return undefined;
  }

  /** Passes on what is left. */
  end(): Promise<void> | undefined {
    const pieces = this.#pieces;
    if (pieces.length === 0) return undefined;
    this.#pieces = [];
    this.#bytes = 0;
    return this.#passOn(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
  }
}
