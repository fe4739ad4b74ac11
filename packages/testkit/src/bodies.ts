/** Makers of raw mails for tests: the same seed gives the same bytes. Lines end in CRLF; nothing is dot-stuffed. */

/** Numbers from 0 up to, not including, 1, by mulberry32: enough for content, and the same on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Plain 7-bit text of exactly `bytes` bytes, headers included (at least 200). */
export function asciiMail(seed: number, bytes = 10 * 1024): Buffer {
  return composeMail(headersOf(seed), fill(seed, bytes - headersOf(seed).length, asciiBytes));
}

/** A body of random bytes from 0x80 up among 7-bit ones: it is neither UTF-8 nor any other text, and needs 8BITMIME. */
export function eightBitMail(seed: number, bytes = 10 * 1024): Buffer {
  const headers = headersOf(seed, ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=iso-8859-1', 'Content-Transfer-Encoding: 8bit']);
  return composeMail(headers, fill(seed, bytes - headers.length, eightBitBytes));
}

/** UTF-8 in header fields, in addresses and the subject, which needs SMTPUTF8 (RFC 6532). */
export function utf8HeaderMail(seed: number): Buffer {
  const headers = Buffer.from(
    [
      `From: Zoë <zoë-${seed}@bücher.example>`,
      'To: 山田 <山田@例え.example>',
      `Subject: Grüße № ${seed} 🚚`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      '',
    ].join('\r\n'),
  );
  return composeMail(headers, Buffer.from(`Schöne Grüße aus Köln, ${seed}.\r\n`));
}

/** Lines that begin with dots in every way that dot-stuffing can get wrong. */
export function dottedMail(seed: number): Buffer {
  const lines = ['.', '..', '...', '. ', '.a', '..a', 'a.', '', '.', '', '..', `.${seed}`];
  return composeMail(headersOf(seed), Buffer.from(lines.map((line) => `${line}\r\n`).join('')));
}

/** 20 MiB of 7-bit text: above every inline limit. */
export function largeMail(seed: number): Buffer {
  return asciiMail(seed, 20 * 1024 * 1024);
}

function headersOf(seed: number, more: readonly string[] = []): Buffer {
  const fields = ['From: Sender <a@example.org>', 'To: Recipient <b@example.net>', `Subject: mail ${seed}`, ...more];
  return Buffer.from([...fields, '', ''].join('\r\n'));
}

function composeMail(headers: Buffer, body: Buffer): Buffer {
  return Buffer.concat([headers, body]);
}

/** The content of one line, without line ends and dots. */
type Alphabet = (random: () => number) => number;

const asciiBytes: Alphabet = (random) => 0x61 + Math.floor(random() * 26);
const eightBitBytes: Alphabet = (random) => (random() < 0.5 ? 0x80 + Math.floor(random() * 128) : asciiBytes(random));

/** Lines of 76 bytes and CRLF; the last one is as short as needed, so that the whole has exactly `bytes`. */
function fill(seed: number, bytes: number, alphabet: Alphabet): Buffer {
  if (bytes < 2) throw new Error(`bytes leaves ${bytes} for the body: expected room for at least a line end, 2`);
  const random = seededRandom(seed);
  const body = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 1) body[at] = alphabet(random);
  for (let at = 76; at < bytes - 2; at += 78) body.write('\r\n', at, 'latin1');
  body.write('\r\n', bytes - 2, 'latin1');
  return body;
}
