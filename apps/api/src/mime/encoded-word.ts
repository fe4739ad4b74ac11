/** What frames an encoded word, and the most it may take with its frame (RFC 2047, 2). */
const opening = '=?UTF-8?Q?';
const frame = opening.length + 2;
const longestWord = 75;

/**
 * The contract lets no control through. Should one ever come here, it is lost: encoded it would do no harm in the mail, but a reader that decodes
 * it may take it for a line's end.
 */
export function withoutControls(text: string): string {
  return text.replaceAll(/[\x00-\x08\x0a-\x1f\x7f]/g, '\ufffd');
}

/** Whether text would not come back as it is without encoding: beyond ASCII, or what looks like an encoded word itself. */
export function needsEncoding(text: string): boolean {
  return /[^\t\x20-\x7e]|=\?/.test(text);
}

/**
 * Text as encoded words (RFC 2047), to be divided by white space that vanishes at decoding. B or Q, whichever is shorter; no character is divided.
 *
 * @param room what is left on the line of the first word
 */
export function encodedWords(text: string, room: number): string[] {
  const encoding = chooseEncoding(text);
  const whole = encoding.encode(text);
  const first = room < longestWord / 2 ? longestWord : Math.min(room, longestWord);
  if (frame + whole.length <= first) return [framed(encoding, whole)];
  return divide(text, encoding, first).map((part) => framed(encoding, encoding.encode(part)));
}

interface WordEncoding {
  readonly name: 'B' | 'Q';
  encode(text: string): string;
  /** How long the encoding of this many bytes becomes, of which so many cannot stand for themselves. */
  length(bytes: number, escaped: number): number;
}

const base64: WordEncoding = {
  name: 'B',
  encode: (text) => Buffer.from(text).toString('base64'),
  length: (bytes) => Math.ceil(bytes / 3) * 4,
};

const quoted: WordEncoding = {
  name: 'Q',
  encode: (text) => Array.from(Buffer.from(text), (byte) => quotedBytes[byte]).join(''),
  length: (bytes, escaped) => bytes + 2 * escaped,
};

/** What may stand for itself wherever an encoded word may stand, in a display name too (RFC 2047, 5, rule 3). */
const plain = /[A-Za-z0-9!*+\-/]/;
const quotedBytes = Array.from({ length: 256 }, (_, byte) => {
  const symbol = String.fromCharCode(byte);
  if (symbol === ' ') return '_';
  return plain.test(symbol) ? symbol : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

function chooseEncoding(text: string): WordEncoding {
  const { bytes, escaped } = measure(text);
  return quoted.length(bytes, escaped) <= base64.length(bytes, escaped) ? quoted : base64;
}

function measure(text: string): { bytes: number; escaped: number } {
  const bytes = Buffer.from(text);
  let escaped = 0;
  for (const byte of bytes) if (quotedBytes[byte]?.length === 3) escaped += 1;
  return { bytes: bytes.length, escaped };
}

function divide(text: string, encoding: WordEncoding, first: number): string[] {
  const parts: string[] = [];
  let part = '';
  let bytes = 0;
  let escaped = 0;
  for (const symbol of text) {
    const more = measure(symbol);
    const room = (parts.length === 0 ? first : longestWord) - frame;
    if (encoding.length(bytes + more.bytes, escaped + more.escaped) > room) {
      parts.push(part);
      part = '';
      bytes = 0;
      escaped = 0;
    }
    part += symbol;
    bytes += more.bytes;
    escaped += more.escaped;
  }
  return [...parts, part];
}

function framed({ name }: WordEncoding, encoded: string): string {
  return `=?UTF-8?${name}?${encoded}?=`;
}
