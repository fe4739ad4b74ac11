import { base64Lines } from './base64-lines.ts';
import { quotedPrintable } from './quoted-printable.ts';

export type TransferEncoding = '7bit' | 'quoted-printable' | 'base64';

export interface TextBody {
  readonly encoding: TransferEncoding;
  readonly bytes: Uint8Array;
}

/** The longest line that SMTP carries, without its end (RFC 5321, 4.5.3.1.6). */
const longestLine = 998;

/** Text as it is where a line of SMTP can carry it; else quoted-printable, or base64 where that is shorter. */
export function encodeText(text: string): TextBody {
  const lines = withCrlf(text);
  const bytes = Buffer.from(lines);
  if (bytes.length === lines.length && fitsLines(lines)) return { encoding: '7bit', bytes };
  if (isMostlyAscii(lines.length, bytes.length)) return { encoding: 'quoted-printable', bytes: quotedPrintable(bytes) };
  return { encoding: 'base64', bytes: base64Lines(bytes) };
}

/**
 * Whether quoted-printable is shorter than base64, which adds a third. Of two bytes, a letter beyond ASCII makes six; of three, nine: four or three
 * more for each byte that UTF-8 takes beyond one a character.
 */
function isMostlyAscii(characters: number, bytes: number): boolean {
  return (bytes - characters) * 4 < bytes / 3;
}

/** A file as it is, or undefined when SMTP could not carry it so. */
export function asLines(file: Uint8Array): Uint8Array | undefined {
  const lines = withCrlf(Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString('latin1'));
  return /^[\x01-\x7f]*$/.test(lines) && fitsLines(lines) ? Buffer.from(lines, 'latin1') : undefined;
}

/** CRLF is the only line end there is in a mail (RFC 2046, 4.1.1). */
function withCrlf(text: string): string {
  return text.includes('\r') ? text.replaceAll(/\r\n?|\n/g, '\r\n') : text.replaceAll('\n', '\r\n');
}

function fitsLines(lines: string): boolean {
  if (lines.includes('\0')) return false;
  for (let from = 0; from < lines.length;) {
    const end = lines.indexOf('\r\n', from);
    if ((end < 0 ? lines.length : end) - from > longestLine) return false;
    from = end < 0 ? lines.length : end + 2;
  }
  return true;
}
