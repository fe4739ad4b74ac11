const lf = 0x0a;
const cr = 0x0d;
const dot = 0x2e;
const afterCrLf = Buffer.from('.\r\n');
const afterOther = Buffer.from('\r\n.\r\n');

/**
 * Makes a body fit for DATA (RFC 5321, 4.5.2), piece by piece: a dot that begins a line is doubled; nothing else changes.
 * Bodies are CRLF-clean from the door on. A dot after a bare CR or LF is doubled too: should one ever slip through, it cannot end the
 * mail early at an upstream that takes it for a line end (SMTP smuggling).
 */
export class DotStuffing {
  /** The body's last two bytes so far; the beginning of a body is the beginning of a line. */
  #beforeLast = cr;
  #last = lf;

  stuff(piece: Buffer): Buffer {
    const places = this.#dotsToDouble(piece);
    if (piece.length > 1) this.#beforeLast = piece[piece.length - 2] ?? cr;
    else if (piece.length === 1) this.#beforeLast = this.#last;
    this.#last = piece[piece.length - 1] ?? this.#last;
    return places.length === 0 ? piece : doubled(piece, places);
  }

  /** What ends the mail. A body without a final CRLF gets one: DATA cannot express its absence. */
  end(): Buffer {
    return this.#beforeLast === cr && this.#last === lf ? afterCrLf : afterOther;
  }

  #dotsToDouble(piece: Buffer): number[] {
    const places: number[] = [];
    if (piece[0] === dot && (this.#last === lf || this.#last === cr)) places.push(0);
    for (let at = piece.indexOf('\n.'); at >= 0; at = piece.indexOf('\n.', at + 2)) places.push(at + 1);
    const bare = piece.indexOf('\r.');
    if (bare < 0) return places;
    for (let at = bare; at >= 0; at = piece.indexOf('\r.', at + 2)) places.push(at + 1);
    return places.sort((a, b) => a - b);
  }
}

function doubled(piece: Buffer, places: readonly number[]): Buffer {
  const stuffed = Buffer.allocUnsafe(piece.length + places.length);
  let from = 0;
  let to = 0;
  for (const place of places) {
    to += piece.copy(stuffed, to, from, place);
    stuffed[to++] = dot;
    from = place;
  }
  piece.copy(stuffed, to, from);
  return stuffed;
}
