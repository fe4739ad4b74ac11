import { refusal, type NegativeReply } from './reply.ts';

export interface Circumstances {
  readonly hasUsers: boolean;
  readonly maxLineBytes: number;
}

/** Our words for a negative reply of smtp-server's own; undefined where its words will do. `context` is the command. */
export function inOurWords(
  code: number,
  text: string,
  context: string | false | undefined,
  { hasUsers, maxLineBytes }: Circumstances,
): NegativeReply | undefined {
  switch (code) {
    case 500:
      if (context === 'STARTTLS') return refusal('TLS_NOT_POSSIBLE', 'there is no TLS here');
      if (context !== 'AUTH') return undefined;
      return hasUsers
        ? refusal('LOGIN_NEEDS_TLS', 'a login needs TLS; say STARTTLS first')
        : refusal('LOGIN_NOT_POSSIBLE', 'there are no users here to log in as');
    case 552:
      return refusal('TOO_LARGE', text.replace(/^Error: /, ''));
    case 421:
      if (text.includes('line too long'))
        return refusal('LINE_TOO_LONG', `a command line is longer than ${maxLineBytes} bytes, closing the connection`);
      return undefined;
    default:
      return undefined;
  }
}

/** A reply that brings its own enhanced status code (RFC 3463) is ours already, and was counted where it was made. */
export function isOurs(text: string): boolean {
  return /^[45]\.\d+\.\d+ /.test(text);
}
