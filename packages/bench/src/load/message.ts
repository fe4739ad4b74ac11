/** What all mails of one order share. */
export interface Kind {
  readonly sizeBytes: number;
  /** Default: the lane that the relay gives to a mail that says nothing. */
  readonly lane?: string;
  /** Recipients are spread over so many domains, mail by mail. Default: all have the same, which is none of these. */
  readonly domains?: number;
}

export interface Template extends Kind {
  /** Everything after the head: lines of text, without a dot at their beginning, and the final dot. */
  readonly rest: Buffer;
}

const domain = 'bench.example';
/** Room for a head, whatever the number in it. */
const headBytes = 256;
const line = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod\r\n';

export function createTemplate(kind: Kind): Template {
  const { sizeBytes } = kind;
  const text = line.repeat(Math.ceil(sizeBytes / line.length)).slice(0, Math.max(sizeBytes - headBytes - 2, 0));
  return { ...kind, rest: Buffer.from(`${text}\r\n.\r\n`) };
}

export function senderOf(): string {
  return `load@${domain}`;
}

/** The number of a mail travels as its recipient, so that the sink need not look into bodies. */
export function recipientOf(number: number, domains?: number): string {
  return `${number}@${domains === undefined ? domain : domainOf(number % domains)}`;
}

/** One of those that recipients are spread over. */
export function domainOf(index: number): string {
  return `u${index}.${domain}`;
}

export function numberOf(recipient: string): number {
  return Number.parseInt(recipient, 10);
}

/**
 * The header section: all that a relay would otherwise add, and padding to a length that does not change. `order` tells the orders of one load
 * apart: a mail with the Message-ID of another one would be taken for its repetition.
 */
export function headOf(number: number, order: number, date: string, { lane, domains }: Omit<Kind, 'sizeBytes'> = {}): string {
  const head = [
    `From: <${senderOf()}>`,
    `To: <${recipientOf(number, domains)}>`,
    `Date: ${date}`,
    `Message-ID: <${number}.${order}.load@${domain}>`,
    'Subject: Mail of the benchmark',
    ...(lane === undefined ? [] : [`X-Posthaste-Lane: ${lane}`]),
  ].join('\r\n');
  return `${head}\r\nX-Padding: ${'x'.repeat(headBytes - head.length - 17)}\r\n\r\n`;
}
