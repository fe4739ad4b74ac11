import { Code, ConnectError } from '@connectrpc/connect';
import type { Log } from '@posthaste/telemetry';
import { reasonOf, refusal, refuseTooLarge, type ReasonName } from './refusal.ts';

/** What an error without a reason of ours means, by its code: such errors come from the protocols' own code. */
const reasons: Readonly<Partial<Record<Code, ReasonName>>> = {
  [Code.InvalidArgument]: 'MALFORMED_REQUEST',
  [Code.ResourceExhausted]: 'MESSAGE_TOO_LARGE',
  [Code.Unimplemented]: 'UNSUPPORTED_CONTENT',
  [Code.DeadlineExceeded]: 'DEADLINE_EXCEEDED',
  [Code.Canceled]: 'CANCELLED',
  [Code.Aborted]: 'CANCELLED',
};

/** The same error with a reason. One that has a reason already stays as it is; one that nobody foresaw is our trouble, and says no more. */
export function explain(error: ConnectError): ConnectError {
  if (reasonOf(error)) return error;
  // The protocol of gRPC's health check has this code, and no reasons.
  if (error.code === Code.NotFound) return error;
  const unknown = /key "([^"]*)" is unknown/.exec(error.rawMessage)?.[1];
  if (unknown !== undefined) return refuseUnknownField(unknown);
  // Broken protobuf is reported as an internal error; it is the client who sent it.
  if (error.code === Code.Internal && error.rawMessage.startsWith('parse binary:')) return refusal('MALFORMED_REQUEST', error.rawMessage);
  const limit = /readMaxBytes (\d+)/.exec(error.rawMessage)?.[1];
  if (limit !== undefined) return refuseTooLarge(Number(limit));
  const reason = reasons[error.code];
  if (reason === undefined) return refusal('UNAVAILABLE', 'the request could not be served; try again', { cause: error.cause ?? error });
  return refusal(reason, error.rawMessage, { cause: error.cause });
}

/** Whatever was thrown, as the client hears it. What nobody foresaw is logged, for the client learns nothing of it. */
export function explainThrown(thrown: unknown, method: string, log: Log): ConnectError {
  const raw = ConnectError.from(thrown, Code.Internal);
  const error = explain(raw);
  if (error !== raw && reasonOf(error) === 'UNAVAILABLE') log.error('a call failed for a reason of ours', { method, error: error.cause ?? thrown });
  return error;
}

export function refuseUnknownField(field: string): ConnectError {
  const description = 'the request has no such field';
  return refusal('UNKNOWN_FIELD', `${field}: ${description}`, { metadata: { field }, fields: [{ field, description }] });
}
