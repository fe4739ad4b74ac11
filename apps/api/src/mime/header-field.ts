/** Lines aim at this: 78 (RFC 5322, 2.1.1), or 76 with an encoded word on them (RFC 2047, 2). */
const wantedLength = 76;

/** What cannot be broken stays below the 998 that every line must keep (RFC 5322, 2.1.1), beside the longest name. */
export const longestToken = 900;

/** A header field of one line or more, folded between tokens (RFC 5322, 2.2.3). Each token begins with its white space. */
export function headerField(name: string, tokens: readonly string[]): string {
  if (!/^[!-9;-~]+$/.test(name)) throw new Error(`"${name}" is no name of a header field`);
  let field = `${name}:`;
  let column = field.length;
  for (const token of tokens) {
    if (!isToken(token)) throw new Error(`${name} would break its line: ${JSON.stringify(token)}`);
    if (column + token.length > wantedLength && (column > name.length + 1 || token.length <= wantedLength)) {
      field += '\r\n';
      column = 0;
    }
    field += token;
    column += token.length;
  }
  return `${field}\r\n`;
}

/** A token on a line of its own goes on its field, and ends neither line nor header, whatever it was made from. */
function isToken(token: string): boolean {
  return token.length <= longestToken + 2 && /^ [^\x00-\x20\x7f][^\x00-\x08\x0a-\x1f\x7f]*$/.test(token);
}
