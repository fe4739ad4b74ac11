/**
 * Why a submission was not accepted. A closed set; each door has one table from it to its own protocol.
 *
 * FULL, AWAY: our trouble, worth a retry; after AWAY the mail may have been stored or not. All others are the submitter's to mend.
 */
export type SubmissionErrorCode =
  /** A limit of our storage is reached; nothing was stored. */
  | 'FULL'
  /** Storage did not answer in time. */
  | 'AWAY'
  /** The message is above the size limit. */
  | 'TOO_LARGE'
  /** More recipients, or longer ones, than one message may have. */
  | 'TOO_MANY_RECIPIENTS'
  /** The header block is above its limit. */
  | 'INVALID_HEADER'
  | 'INVALID_SENDER'
  | 'INVALID_RECIPIENT'
  | 'INVALID_TENANT'
  | 'INVALID_LANE'
  | 'INVALID_TAGS'
  | 'INVALID_SEND_AT'
  | 'INVALID_TTL'
  | 'INVALID_DEADLINE';

export interface SubmissionErrorOptions {
  /** Which field was wrong, in the words of the submitter: a header's name, or a field of the envelope. */
  readonly field?: string;
  readonly came?: string;
  readonly expected?: string;
  readonly cause?: unknown;
}

export class SubmissionError extends Error {
  readonly code: SubmissionErrorCode;
  readonly field: string | undefined;
  readonly came: string | undefined;
  readonly expected: string | undefined;

  constructor(code: SubmissionErrorCode, sentence: string, options: SubmissionErrorOptions = {}) {
    super(sentence, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'SubmissionError';
    this.code = code;
    this.field = options.field;
    this.came = options.came;
    this.expected = options.expected;
  }
}

/** What came is shown up to this length; the rest says nothing new. */
const shownLength = 80;

/**
 * The error for one wrong field: what it is, what came, what was expected.
 *
 * @param source who said it, when the field alone does not tell
 */
export function invalid(code: SubmissionErrorCode, field: string, came: string, expected: string, source = ''): SubmissionError {
  const shown = came.length > shownLength ? `${came.slice(0, shownLength)}...` : came;
  const by = source && ` (by ${source})`;
  return new SubmissionError(code, `${field}${by} is "${shown}"; expected ${expected}`, { field, came: shown, expected });
}
