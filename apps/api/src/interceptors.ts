import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator, type Violation } from '@bufbuild/protovalidate';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import type { Clock, Log } from '@posthaste/telemetry';
import { explain } from './explain.ts';
import { reasonOf, refusal, type FieldFault } from './refusal.ts';

export interface InterceptorOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** No unary call takes longer. */
  readonly timeoutMs: number;
}

/** The outermost first. */
export function createInterceptors({ log, clock, timeoutMs }: InterceptorOptions): Interceptor[] {
  return [withReason(log), withDeadline(clock, timeoutMs), withValidRequest()];
}

/** Whatever a service throws leaves with a reason; what nobody foresaw is logged, for the client learns nothing of it. */
function withReason(log: Log): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (thrown) {
      const error = explain(ConnectError.from(thrown, Code.Internal));
      if (reasonOf(error) === 'UNAVAILABLE') log.error('a call failed for a reason of ours', { method: request.method.name, error: error.cause ?? thrown });
      throw error;
    }
  };
}

/** Cuts a unary call off at its own deadline or at ours, and when its client goes away. */
function withDeadline(clock: Clock, timeoutMs: number): Interceptor {
  return (next) => async (request) => {
    if (request.stream) return next(request);
    const finished = new AbortController();
    const over = AbortSignal.any([request.signal, finished.signal]);
    const cut = clock.sleep(timeoutMs, over).then(
      () => refusal('DEADLINE_EXCEEDED', `the call took longer than ${timeoutMs} ms`),
      () => explain(ConnectError.from(request.signal.reason ?? new ConnectError('the call is over', Code.Canceled), Code.Canceled)),
    );
    try {
      return await Promise.race([next(request), cut.then((error) => Promise.reject(error))]);
    } finally {
      finished.abort();
    }
  };
}

/** Every request keeps the rules that stand in the contract (buf.validate). */
function withValidRequest(): Interceptor {
  const validator = createValidator();
  return (next) => async (request) => {
    if (request.stream) return next(request);
    const result = validator.validate(request.method.input, request.message);
    if (result.kind === 'error') throw new Error(`the rules of ${request.method.input.typeName} cannot be applied`, { cause: result.error });
    if (result.kind === 'invalid') throw refuseViolations(result.violations);
    return next(request);
  };
}

function refuseViolations(violations: readonly Violation[]): ConnectError {
  const fields = violations.map((violation): FieldFault => ({ field: pathToString(violation.field), description: violation.message }));
  const sentence = fields.map(({ field, description }) => (field === '' ? description : `${field}: ${description}`)).join('; ');
  return refusal('INVALID_FIELD', sentence, { fields });
}
