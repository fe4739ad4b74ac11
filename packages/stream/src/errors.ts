/**
 * Why something with the streams failed:
 * FULL: a limit is reached, nothing was stored; push back.
 * AWAY: not connected, no responders or no answer in time; what was sent may have been stored or not.
 * TOO_LARGE: above what the server takes.
 * FENCED: another writer has appended since.
 * NOT_FOUND: no such entry, stream or consumer.
 * UNFIT: what is stored does not go with what is configured; it stays so until a person changes a setting.
 * BROKEN: stored bytes are damaged, or a request was wrong: our own bug.
 */
export type StreamErrorCode = 'FULL' | 'AWAY' | 'TOO_LARGE' | 'FENCED' | 'NOT_FOUND' | 'UNFIT' | 'BROKEN';

export interface StreamErrorOptions {
  readonly cause?: unknown;
  /** The server's `err_code`, when it was the server who refused. */
  readonly serverCode?: number;
}

export class StreamError extends Error {
  readonly code: StreamErrorCode;
  readonly serverCode: number | undefined;

  constructor(code: StreamErrorCode, sentence: string, options: StreamErrorOptions = {}) {
    super(sentence, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'StreamError';
    this.code = code;
    this.serverCode = options.serverCode;
  }
}

export function isStreamError(error: unknown, code?: StreamErrorCode): error is StreamError {
  return error instanceof StreamError && (code === undefined || error.code === code);
}

/** What JetStream answers in place of a result. */
export interface ServerFault {
  /** In HTTP's manner; 503 means that this part of the server cannot serve now. */
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

/** The server's error codes that mean something to us. Whatever is not listed is AWAY when its family is 503, else BROKEN. */
const codes: ReadonlyMap<number, StreamErrorCode> = new Map<number, StreamErrorCode>([
  [10008, 'AWAY'], // JetStream is starting or electing
  [10014, 'NOT_FOUND'], // consumer
  [10023, 'FULL'], // insufficient resources
  [10037, 'NOT_FOUND'], // message
  [10043, 'NOT_FOUND'], // sequence
  [10047, 'FULL'], // insufficient storage
  [10054, 'TOO_LARGE'], // above max_msg_size
  [10059, 'NOT_FOUND'], // stream
  [10071, 'FENCED'], // wrong last sequence
  [10077, 'FULL'], // max_bytes, max_msgs or max_msgs_per_subject
  [10158, 'AWAY'], // an entry of the same message id is being replicated: ask again for what became of it
  [10164, 'FENCED'], // wrong last sequence, in a batch
]);

/** The error for a refusal by the server; `deed` says what was being done, as in "publishing to MAIL_0_normal". */
export function refusal(deed: string, fault: ServerFault): StreamError {
  const serverCode = fault.err_code ?? 0;
  const code = codes.get(serverCode) ?? (fault.code === 503 ? 'AWAY' : 'BROKEN');
  return new StreamError(code, `${deed} was refused: ${fault.description ?? 'no reason given'} (server error ${serverCode})`, { serverCode });
}
