import { create } from '@bufbuild/protobuf';
import { anyPack, durationFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema, RpcStatusSchema, type RpcStatus } from '@posthaste/protocol';
import type { ErrorCode, FieldFault } from '../posthaste-error.ts';

export interface Refusal {
  readonly code: ErrorCode;
  readonly sentence: string;
  readonly fields?: readonly FieldFault[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly retryAfterMs?: number;
}

/** As the contract pairs them; what is not named is INVALID_ARGUMENT. */
const codes: Readonly<Partial<Record<ErrorCode, Code>>> = {
  STORAGE_FULL: Code.ResourceExhausted,
  STORAGE_UNAVAILABLE: Code.Unavailable,
  SCHEDULER_UNAVAILABLE: Code.Unavailable,
  UNAVAILABLE: Code.Unavailable,
  MESSAGE_NOT_FOUND: Code.NotFound,
  OPERATION_NOT_FOUND: Code.NotFound,
  SUSPENSION_NOT_FOUND: Code.NotFound,
  METHOD_NOT_FOUND: Code.Unimplemented,
  DEADLINE_EXCEEDED: Code.DeadlineExceeded,
  IDEMPOTENCY_KEY_REUSED: Code.AlreadyExists,
  IDEMPOTENCY_IN_FLIGHT: Code.Aborted,
  ATTACHMENT_NOT_FOUND: Code.FailedPrecondition,
};

export function refusalError({ code, sentence, fields = [], metadata = {}, retryAfterMs }: Refusal): ConnectError {
  const error = new ConnectError(sentence, codes[code] ?? Code.InvalidArgument);
  error.details.push({ desc: ErrorInfoSchema, value: { reason: code, domain: 'posthaste.v1', metadata: { ...metadata } } });
  if (fields.length > 0) error.details.push({ desc: BadRequestSchema, value: { fieldViolations: fields.map((fault) => ({ ...fault })) } });
  if (retryAfterMs !== undefined) error.details.push({ desc: RetryInfoSchema, value: { retryDelay: durationFromMs(retryAfterMs) } });
  return error;
}

export function refuseFields(fields: readonly FieldFault[]): ConnectError {
  return refusalError({ code: 'INVALID_FIELD', sentence: fields.map(({ field, description }) => `${field}: ${description}`).join('; '), fields });
}

/** The same as the outcome of one message of many. */
export function statusOf(error: ConnectError): RpcStatus {
  const details = error.details.flatMap((detail) => ('desc' in detail ? [anyPack(detail.desc, create(detail.desc, detail.value))] : []));
  return create(RpcStatusSchema, { code: error.code, message: error.rawMessage, details });
}
