const end = Buffer.from('\r\n.\r\n');
const stuffed = Buffer.from('\r\n.');
const dot = 0x2e;
/** A line end that the client has sent with DATA itself: the final dot may be the very first line. */
const lineEndOfData = Buffer.from('\r\n');

/**
 * Collects the bytes after DATA up to the final dot (RFC 5321 4.1.1.4). Looks at them in whole chunks only, so that the
 * cost of a body is little more than that of copying it.
 */
export class BodyReader {
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  /** The last bytes seen, at most one less than `end` has: the final dot may come in pieces. */
  #tail: Buffer = lineEndOfData;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Returns what follows the final dot, or undefined when that is still to come. */
  push(chunk: Buffer): Buffer | undefined {
    const at = this.#find(chunk);
    // The CRLF before the dot belongs to the body's last line.
    this.#keep(chunk, at === undefined ? chunk.length : at + 2);
    if (at !== undefined) return chunk.subarray(at + end.length);
    this.#tail = chunk.length >= 4 ? chunk.subarray(-4) : Buffer.concat([this.#tail, chunk]).subarray(-4);
    return undefined;
  }

  /** The body without dot-stuffing; undefined when it is over the limit. */
  finish(): Buffer | undefined {
    if (this.#bytes > this.#maxBytes) return undefined;
    const [first] = this.#chunks;
    const whole = this.#chunks.length === 1 && first !== undefined ? first.subarray(0, this.#bytes) : Buffer.concat(this.#chunks, this.#bytes);
    return unstuffDots(whole);
  }

  /** Where the final dot's CRLF begins, counted from the chunk's start: below 0 when it began in an earlier one. */
  #find(chunk: Buffer): number | undefined {
    const seam = Buffer.concat([this.#tail, chunk.subarray(0, 4)]).indexOf(end);
    if (seam !== -1) return seam - this.#tail.length;
    const inside = chunk.indexOf(end);
    return inside === -1 ? undefined : inside;
  }

  #keep(chunk: Buffer, length: number): void {
    this.#bytes += length;
    // Up to 2 bytes of a final dot in pieces may yet be taken back, so give up only when the limit is out of reach.
    if (this.#bytes > this.#maxBytes + 2) this.#chunks.length = 0;
    else if (length > 0) this.#chunks.push(chunk);
  }
}

/** Removes the dot before each line that starts with one (RFC 5321 4.5.2), in place. */
export function unstuffDots(raw: Buffer): Buffer {
  let read = raw[0] === dot ? 1 : 0;
  let write = 0;
  for (let at = raw.indexOf(stuffed); at !== -1; at = raw.indexOf(stuffed, at + 3)) {
    raw.copyWithin(write, read, at + 2);
    write += at + 2 - read;
    read = at + 3;
  }
  if (write === 0) return raw.subarray(read);
  raw.copyWithin(write, read);
  return raw.subarray(0, write + raw.length - read);
}
