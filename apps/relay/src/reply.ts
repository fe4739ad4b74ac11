import type { SubmissionError, SubmissionErrorCode } from '@posthaste/submission';

/** A negative reply, in the form that smtp-server takes. */
export class NegativeReply extends Error {
  readonly responseCode: number;

  constructor(code: number, enhanced: string, sentence: string) {
    super(`${enhanced} ${plain(sentence)}`);
    this.responseCode = code;
  }
}

/** RFC 3463. Our own trouble is always 4xx: the client keeps the mail and comes again. */
const replies: Readonly<Record<SubmissionErrorCode, readonly [code: number, enhanced: string]>> = {
  FULL: [452, '4.3.1'],
  AWAY: [451, '4.3.0'],
  TOO_LARGE: [552, '5.3.4'],
  TOO_MANY_RECIPIENTS: [452, '4.5.3'],
  INVALID_HEADER: [554, '5.6.0'],
  INVALID_SENDER: [501, '5.1.7'],
  INVALID_RECIPIENT: [501, '5.1.3'],
  INVALID_TENANT: [554, '5.7.1'],
  INVALID_LANE: [554, '5.6.0'],
  INVALID_TAGS: [554, '5.6.0'],
  INVALID_SEND_AT: [554, '5.6.0'],
  INVALID_TTL: [554, '5.6.0'],
  INVALID_DEADLINE: [554, '5.6.0'],
};

export function replyOf(error: SubmissionError): NegativeReply {
  const [code, enhanced] = replies[error.code];
  return new NegativeReply(code, enhanced, error.message);
}

/** A reply line has at most 512 octets (RFC 5321, 4.5.3.1.5), and no bytes above 127. */
function plain(sentence: string): string {
  return sentence.replaceAll(/[^ -~]/g, '?').slice(0, 480);
}
