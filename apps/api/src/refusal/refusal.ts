import { Code, ConnectError } from '@connectrpc/connect';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema, type ErrorReason } from '@posthaste/protocol';

export type ReasonName = Exclude<keyof typeof ErrorReason, 'UNSPECIFIED'>;

interface Answer {
  readonly code: Code;
  readonly http: number;
  /** When a retry is worth while; absent when the same request would be refused again. */
  readonly retryMs?: number;
}

/** What each reason is called in gRPC and Connect (code) and in REST (status). The one table from our reasons to the wire. */
const answers: Readonly<Record<ReasonName, Answer>> = {
  INVALID_FIELD: { code: Code.InvalidArgument, http: 400 },
  UNKNOWN_FIELD: { code: Code.InvalidArgument, http: 400 },
  MALFORMED_REQUEST: { code: Code.InvalidArgument, http: 400 },
  MESSAGE_TOO_LARGE: { code: Code.InvalidArgument, http: 413 },
  TOO_MANY_RECIPIENTS: { code: Code.InvalidArgument, http: 400 },
  IDEMPOTENCY_NOT_SUPPORTED: { code: Code.Unimplemented, http: 501 },
  STORAGE_FULL: { code: Code.ResourceExhausted, http: 429, retryMs: 5_000 },
  STORAGE_UNAVAILABLE: { code: Code.Unavailable, http: 503, retryMs: 5_000 },
  SCHEDULER_UNAVAILABLE: { code: Code.Unavailable, http: 503, retryMs: 1_000 },
  MESSAGE_NOT_FOUND: { code: Code.NotFound, http: 404 },
  METHOD_NOT_FOUND: { code: Code.Unimplemented, http: 404 },
  PATH_NOT_FOUND: { code: Code.NotFound, http: 404 },
  UNSUPPORTED_CONTENT: { code: Code.InvalidArgument, http: 415 },
  DEADLINE_EXCEEDED: { code: Code.DeadlineExceeded, http: 504 },
  CANCELLED: { code: Code.Canceled, http: 499 },
  OVERLOADED: { code: Code.ResourceExhausted, http: 429, retryMs: 2_000 },
  UNAVAILABLE: { code: Code.Unavailable, http: 503, retryMs: 5_000 },
  IDEMPOTENCY_KEY_REUSED: { code: Code.AlreadyExists, http: 409 },
  IDEMPOTENCY_IN_FLIGHT: { code: Code.Aborted, http: 409, retryMs: 1_000 },
  ATTACHMENT_NOT_FOUND: { code: Code.FailedPrecondition, http: 400 },
  OPERATION_NOT_FOUND: { code: Code.NotFound, http: 404 },
  SUSPENSION_NOT_FOUND: { code: Code.NotFound, http: 404 },
  HOST_NOT_ALLOWED: { code: Code.PermissionDenied, http: 403 },
};

const errorDomain = 'posthaste.v1';

export interface FieldFault {
  /** Path of the field, as `to[0]`. */
  readonly field: string;
  readonly description: string;
}

export interface RefusalOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fields?: readonly FieldFault[];
  /** For the log; the client does not see it. */
  readonly cause?: unknown;
}

/** An error as every protocol carries it: code, sentence, ErrorInfo, and BadRequest or RetryInfo where they say something. */
export function refusal(reason: ReasonName, sentence: string, { metadata = {}, fields = [], cause }: RefusalOptions = {}): ConnectError {
  const { code, retryMs } = answers[reason];
  const error = new ConnectError(sentence, code, retryMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryMs / 1000)) }, [], cause);
  error.details.push({ desc: ErrorInfoSchema, value: { reason, domain: errorDomain, metadata: { ...metadata } } });
  if (fields.length > 0) error.details.push({ desc: BadRequestSchema, value: { fieldViolations: fields.map((fault) => ({ ...fault })) } });
  if (retryMs !== undefined) error.details.push({ desc: RetryInfoSchema, value: { retryDelay: { seconds: BigInt(Math.floor(retryMs / 1000)) } } });
  return error;
}

/** Details travel in one header of a gRPC answer, and clients take few KiB of headers. */
export const mostFaults = 16;

/** INVALID_FIELD, or another reason that is about fields, with all faults at once, or as many as an answer can carry. */
export function refuseFields(
  faults: readonly FieldFault[],
  reason: ReasonName = 'INVALID_FIELD',
  metadata: Readonly<Record<string, string>> = {},
): ConnectError {
  const fields = faults.slice(0, mostFaults);
  const more = faults.length - fields.length;
  const sentence = fields.map(({ field, description }) => `${field}: ${description}`).join('; ');
  return refusal(reason, more > 0 ? `${sentence}; and ${more} more` : sentence, { metadata, fields });
}

/** A refusal of what stands in `field` of the request, with its fields named from there. */
export function refusedWithin(field: string, error: unknown): unknown {
  if (!(error instanceof ConnectError)) return error;
  const faults = error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations);
  if (faults.length === 0) return error;
  const named = faults.map((fault) => ({ field: `${field}.${fault.field}`, description: fault.description }));
  return refuseFields(named, reasonOf(error));
}

export function refuseTooLarge(limitBytes: number, what = 'the request'): ConnectError {
  return refusal('MESSAGE_TOO_LARGE', `${what} is too large; expected at most ${limitBytes} bytes`, {
    metadata: { limit_bytes: String(limitBytes) },
  });
}

/** The reason that an error carries, whether it was made here or came over the wire. */
export function reasonOf(error: ConnectError): ReasonName | undefined {
  const reason = error.findDetails(ErrorInfoSchema).find((info) => info.domain === errorDomain)?.reason;
  return reason !== undefined && reason in answers ? (reason as ReasonName) : undefined;
}

/** The status of an error in REST. */
export function httpStatusOf(error: ConnectError): number {
  return answers[reasonOf(error) ?? 'UNAVAILABLE'].http;
}
