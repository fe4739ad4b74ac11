/** RFC 2045, 6.7. */
const longestLine = 76;

/** All but plain ASCII and line ends; white space at the end of a line would be lost on the way. */
const unsafe = /[^\t\n\r\x20-<>-~]|[\t ](?=\r|$)/g;
const escapes = Array.from({ length: 256 }, (_, byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`);

/**
 * Bytes, in which lines end with CRLF, as quoted-printable (RFC 2045, 6.7). A regular expression over one-byte characters finds what little there
 * is to escape five times as fast as a loop over the bytes.
 */
export function quotedPrintable(bytes: Buffer): Buffer {
  const escaped = bytes.toString('latin1').replaceAll(unsafe, (byte) => escapes[byte.charCodeAt(0)]!);
  return Buffer.from(withSoftBreaks(escaped), 'latin1');
}

function withSoftBreaks(text: string): string {
  let broken = '';
  let kept = 0;
  for (let from = 0; from < text.length;) {
    const found = text.indexOf('\r\n', from);
    const end = found < 0 ? text.length : found;
    while (end - from > longestLine) {
      from = cutBefore(text, from + longestLine - 1);
      broken += `${text.slice(kept, from)}=\r\n`;
      kept = from;
    }
    from = end + 2;
  }
  return broken + text.slice(kept);
}

/** Not within an escape. */
function cutBefore(text: string, at: number): number {
  if (text[at - 1] === '=') return at - 1;
  return text[at - 2] === '=' ? at - 2 : at;
}
