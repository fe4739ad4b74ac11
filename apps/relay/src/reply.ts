import type { SubmissionError, SubmissionErrorCode } from '@posthaste/submission';

/** Why a client is refused for what it is or does, rather than for its mail. A closed set: it labels a metric. */
export type RefusalReason = keyof typeof refusals | 'SYNTAX';

/** RFC 3463, RFC 4954. After 421 the connection is closed. */
const refusals = {
  SHUTTING_DOWN: [421, '4.3.2'],
  TOO_MANY_CONNECTIONS: [421, '4.3.2'],
  TOO_MANY_CONNECTIONS_OF_ADDRESS: [421, '4.7.0'],
  TOO_MANY_ERRORS: [421, '4.7.0'],
  TOO_MANY_MESSAGES: [421, '4.7.0'],
  TOO_MANY_RECIPIENTS: [452, '4.5.3'],
  TOO_LARGE: [552, '5.3.4'],
  LINE_TOO_LONG: [421, '4.5.2'],
  COMMAND_TIMEOUT: [421, '4.4.2'],
  DATA_TIMEOUT: [421, '4.4.2'],
  DATA_TOO_SLOW: [421, '4.4.2'],
  HANDSHAKE_TIMEOUT: [421, '4.4.2'],
  NOT_TRUSTED: [550, '5.7.1'],
  LOGIN_REQUIRED: [530, '5.7.0'],
  LOGIN_NEEDS_TLS: [538, '5.7.11'],
  LOGIN_NOT_POSSIBLE: [502, '5.5.1'],
  LOGIN_WRONG: [535, '5.7.8'],
  LOGIN_OPTION_WRONG: [535, '5.7.8'],
  LOGIN_UNAVAILABLE: [454, '4.7.0'],
  TOO_MANY_FAILED_LOGINS: [421, '4.7.0'],
  TLS_NOT_POSSIBLE: [502, '5.5.1'],
  SENDER_NOT_ALLOWED: [553, '5.7.1'],
} as const satisfies Record<string, readonly [code: number, enhanced: string]>;

/** A negative reply, in the form that smtp-server takes. */
export class NegativeReply extends Error {
  readonly responseCode: number;
  readonly reason: RefusalReason | undefined;

  /** @param reason when it is the client that is refused, not its mail: such refusals are counted apart */
  constructor(code: number, enhanced: string, sentence: string, reason?: RefusalReason) {
    super(`${enhanced} ${plain(sentence)}`);
    this.responseCode = code;
    this.reason = reason;
  }
}

export function refusal(reason: Exclude<RefusalReason, 'SYNTAX'>, sentence: string): NegativeReply {
  const [code, enhanced] = refusals[reason];
  return new NegativeReply(code, enhanced, sentence, reason);
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
