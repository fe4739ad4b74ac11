/** One header field by its place in the block; folded lines belong to it. */
export interface HeaderField {
  /** In lower case. */
  readonly name: string;
  readonly start: number;
  readonly valueStart: number;
  /** After its line end. */
  readonly end: number;
}

export type HeaderBlock =
  | {
      readonly kind: 'found';
      readonly fields: readonly HeaderField[];
      /** The block, a character a byte. */
      readonly text: string;
      /** The first byte after the last field: the empty line, or, when `gap` is false, whatever stands in its place. */
      readonly end: number;
      /** An empty line follows, or nothing at all. */
      readonly gap: boolean;
    }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'too large' };

const emptyLine = Buffer.from('\r\n\r\n');

/**
 * Finds the header block (RFC 5322, 2.2) at the beginning of a message whose line ends are CRLF. As in other mail servers, a line that is no
 * header field ends the block as an empty line would: such a message gets its missing empty line.
 *
 * @param complete no more bytes will come
 */
export function findHeaderBlock(bytes: Buffer, complete: boolean, maxBytes: number): HeaderBlock {
  if (bytes[0] === 13) return { kind: 'found', fields: [], text: '', end: 0, gap: true };
  const empty = bytes.indexOf(emptyLine);
  const found = empty >= 0 && empty + 2 <= maxBytes;
  if (!found && !complete && bytes.length <= maxBytes) return { kind: 'incomplete' };
  const text = bytes.toString('latin1', 0, found ? empty + 2 : Math.min(bytes.length, maxBytes));
  const { fields, end } = readFields(text);
  const stopped = end < text.length;
  const cut = !found && bytes.length > maxBytes;
  if (cut && !(stopped && text.includes('\r\n', end))) return { kind: 'too large' };
  return { kind: 'found', fields, text, end, gap: !stopped };
}

const fieldName = /^[!-9;-~]+[ \t]*$/;

/** Reads fields until a line that is none. */
function readFields(text: string): { fields: HeaderField[]; end: number } {
  const fields: HeaderField[] = [];
  let at = 0;
  while (at < text.length) {
    const colon = text.indexOf(':', at);
    const name = colon < 0 ? '' : text.slice(at, colon);
    if (!fieldName.test(name)) break;
    const end = endOfField(text, colon);
    fields.push({ name: name.trimEnd().toLowerCase(), start: at, valueStart: colon + 1, end });
    at = end;
  }
  return { fields, end: at };
}

/** A field goes on over lines that begin with white space (RFC 5322, 2.2.3). */
function endOfField(text: string, from: number): number {
  let at = from;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return text.length;
    at = lineEnd + 2;
    const next = text.charCodeAt(at);
    if (next !== 32 && next !== 9) return at;
  }
}

/** A field's value on one line, as UTF-8. */
export function valueOf(text: string, field: HeaderField): string {
  const value = text.slice(field.valueStart, field.end).replaceAll('\r\n', '').trim();
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(value) ? value : Buffer.from(value, 'latin1').toString('utf8');
}
