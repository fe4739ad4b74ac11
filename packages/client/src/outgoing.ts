import { toBinary } from '@bufbuild/protobuf';
import { SubmitRequestSchema, type SubmitRequest, type SubmitResult as WireResult } from '@posthaste/protocol';
import { errorFromCall, errorFromStatus } from './error-from-wire.ts';
import type { Mail } from './mail.ts';
import { PosthasteError } from './posthaste-error.ts';
import { receipt, type SubmitResult } from './receipt.ts';
import type { KeySource } from './request-key.ts';
import { submitRequest } from './submit-request.ts';
import { withProto } from './with-proto.ts';

/** One mail of many on its way. */
export interface Outgoing {
  readonly index: number;
  readonly request: SubmitRequest;
  /** On the wire. */
  readonly bytes: number;
}

/** A mail that cannot be put into the contract's words is refused by itself. */
export function outgoing(mail: Mail, index: number, keyFor: KeySource): Outgoing | SubmitResult {
  try {
    const request = submitRequest(mail, keyFor(mail.idempotencyKey));
    return { index, request, bytes: toBinary(SubmitRequestSchema, request).length };
  } catch (error) {
    return { kind: 'refused', index, error: errorFromCall(error) };
  }
}

export function refused({ index }: Outgoing, error: PosthasteError): SubmitResult {
  return { kind: 'refused', index, error };
}

export function resultOf({ index, request }: Outgoing, { outcome }: WireResult): SubmitResult {
  if (outcome.case === 'accepted') {
    const accepted = receipt(outcome.value, request.idempotencyKey);
    return withProto({ kind: 'accepted', index, ...accepted }, accepted.proto);
  }
  const error = outcome.case === 'refused' ? errorFromStatus(outcome.value) : nothingSaid();
  return { kind: 'refused', index, error };
}

/** Says nothing about a mail, so it may go again under its key. */
export function nothingSaid(): PosthasteError {
  return new PosthasteError('the server ended without saying what became of this mail', { code: 'UNAVAILABLE', retryable: true });
}
