import type { ErrorReason } from '@posthaste/protocol';

/** Why a call was refused: the names of `ErrorReason` in the contract, where each is explained. */
export type ErrorCode = Exclude<keyof typeof ErrorReason, 'UNSPECIFIED'>;

export interface FieldFault {
  /** Path of the field in the contract's words, such as `to[0]`. Empty: the request as a whole. */
  readonly field: string;
  /** What is wrong with it, and what was expected. */
  readonly description: string;
}

export interface PosthasteErrorOptions {
  readonly code: ErrorCode;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly fields?: readonly FieldFault[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** The one error of this package. Branch on `code`, never on the text. */
export class PosthasteError extends Error {
  override readonly name = 'PosthasteError';
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. Calls are repeated by themselves; when this error arrives, their patience is over. */
  readonly retryable: boolean;
  /** How long the server asks to wait before the next try, milliseconds; undefined when it says nothing. */
  readonly retryAfterMs: number | undefined;
  /** What is wrong where, for INVALID_FIELD and UNKNOWN_FIELD; else empty. */
  readonly fields: readonly FieldFault[];
  /** What the server says besides, such as `limit_bytes` of MESSAGE_TOO_LARGE and `message_id` of IDEMPOTENCY_KEY_REUSED. */
  readonly metadata: Readonly<Record<string, string>>;

  constructor(sentence: string, { code, retryable = false, retryAfterMs, fields = [], metadata = {}, cause }: PosthasteErrorOptions) {
    super(sentence, cause === undefined ? {} : { cause });
    this.code = code;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
    this.fields = fields;
    this.metadata = metadata;
  }
}

/** A fault that is found before anything is sent. */
export function invalidField(field: string, description: string): PosthasteError {
  return new PosthasteError(`${field}: ${description}`, { code: 'INVALID_FIELD', fields: [{ field, description }] });
}
