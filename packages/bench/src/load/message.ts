/** How many bytes the mails of one run have, and what they all share. */
export interface Template {
  readonly sizeBytes: number;
  /** Everything after the head: lines of text, without a dot at their beginning, and the final dot. */
  readonly rest: Buffer;
}

const domain = 'bench.example';
/** Room for a head, whatever the number in it. */
const headBytes = 256;
const line = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod\r\n';

export function createTemplate(sizeBytes: number): Template {
  const text = line.repeat(Math.ceil(sizeBytes / line.length)).slice(0, Math.max(sizeBytes - headBytes - 2, 0));
  return { sizeBytes, rest: Buffer.from(`${text}\r\n.\r\n`) };
}

export function senderOf(): string {
  return `load@${domain}`;
}

/** The number of a mail travels as its recipient, so that the sink need not look into bodies. */
export function recipientOf(number: number): string {
  return `${number}@${domain}`;
}

export function numberOf(recipient: string): number {
  return Number.parseInt(recipient, 10);
}

/**
 * The header section: all that a relay would otherwise add, and padding to a length that does not change. `order` tells the orders of one load
 * apart: a mail with the Message-ID of another one would be taken for its repetition.
 */
export function headOf(number: number, order: number, date: string): string {
  const head = [
    `From: <${senderOf()}>`,
    `To: <${recipientOf(number)}>`,
    `Date: ${date}`,
    `Message-ID: <${number}.${order}.load@${domain}>`,
    'Subject: Mail of the benchmark',
  ].join('\r\n');
  return `${head}\r\nX-Padding: ${'x'.repeat(headBytes - head.length - 17)}\r\n\r\n`;
}
