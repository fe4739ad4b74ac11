import type { Reply } from '@posthaste/core';

/** A peer that keeps extending one reply is cut off here; RFC 5321 (4.5.3.1.5) allows 512 bytes a line. */
const maxReplyBytes = 64 * 1024;

/** Turns what arrives on a connection into replies (RFC 5321, 4.2.1). Bytes are kept as latin1 until a reply is whole: UTF-8 may be cut anywhere. */
export class ReplyReader {
  #rest = '';
  #lines: string[] = [];
  #bytes = 0;

  /** The replies that this chunk completes. Throws when the peer does not speak SMTP. */
  read(chunk: Buffer): Reply[] {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    this.#bytes += chunk.length;
    if (this.#bytes > maxReplyBytes) throw new Error(`the upstream sent more than ${maxReplyBytes} bytes without completing a reply`);
    const replies: Reply[] = [];
    for (const line of lines) this.#readLine(line.endsWith('\r') ? line.slice(0, -1) : line, replies);
    return replies;
  }

  #readLine(line: string, replies: Reply[]): void {
    if (!/^[2-5]\d\d(?:[ -]|$)/.test(line)) throw new Error(`the upstream sent ${JSON.stringify(line.slice(0, 80))}: expected an SMTP reply`);
    this.#lines.push(line);
    if (line[3] === '-') return;
    replies.push(toReply(this.#lines));
    this.#lines = [];
    this.#bytes = this.#rest.length;
  }
}

/** From the text of a whole reply, lines divided by line feeds. */
export function parseReply(text: string): Reply {
  return toReply(text.split(/\r?\n/).filter((line) => line !== ''));
}

const enhancedCode = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/;

function toReply(lines: readonly string[]): Reply {
  const code = Number(lines[0]?.slice(0, 3));
  const texts = lines.map((line) => fromLatin1(line.slice(4)));
  const enhanced = enhancedCode.exec(texts[0] ?? '')?.[1];
  if (enhanced === undefined) return { code, text: texts.join('\n') };
  // RFC 2034, 3: each line of a reply carries the same enhanced code.
  return { code, enhanced, text: texts.map((text) => text.replace(enhancedCode, '')).join('\n') };
}

/** Reply texts have no charset by definition; what is valid UTF-8 is read as such. */
function fromLatin1(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text)) return text;
  const utf8 = Buffer.from(text, 'latin1').toString('utf8');
  return utf8.includes('\ufffd') ? text : utf8;
}
