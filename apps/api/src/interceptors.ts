import { create, type DescMessage } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator, type Violation } from '@bufbuild/protovalidate';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import type { Log } from '@posthaste/telemetry';
import { explain } from './explain.ts';
import { reasonOf, refusal, type FieldFault } from './refusal.ts';
import { startTimeLimit } from './time-limit.ts';

export interface InterceptorOptions {
  readonly log: Log;
  /** No unary call takes longer. */
  readonly timeoutMs: number;
  /** The requests that will come. */
  readonly requests: readonly DescMessage[];
}

/** The outermost first. */
export function createInterceptors({ log, timeoutMs, requests }: InterceptorOptions): Interceptor[] {
  return [withReason(log), withDeadline(timeoutMs), withValidRequest(requests)];
}

/** Whatever a service throws leaves with a reason; what nobody foresaw is logged, for the client learns nothing of it. */
function withReason(log: Log): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (thrown) {
      const error = explain(ConnectError.from(thrown, Code.Internal));
      if (reasonOf(error) === 'UNAVAILABLE')
        log.error('a call failed for a reason of ours', { method: request.method.name, error: error.cause ?? thrown });
      throw error;
    }
  };
}

/** Cuts a unary call off at its own deadline or at ours, and when its client goes away. */
function withDeadline(timeoutMs: number): Interceptor {
  return (next) => async (request) => {
    if (request.stream) return next(request);
    const limit = startTimeLimit(timeoutMs, () => refusal('DEADLINE_EXCEEDED', `the call took longer than ${timeoutMs} ms`));
    const { promise: gone, reject } = Promise.withResolvers<never>();
    gone.catch(() => {});
    // Connect aborts the signal at the deadline that the client gave, with the error to send as its reason.
    const abandon = () => reject(ConnectError.from(request.signal.reason, Code.Canceled));
    request.signal.addEventListener('abort', abandon, { once: true });
    try {
      return await Promise.race([next(request), limit.over, gone]);
    } finally {
      limit.stop();
      request.signal.removeEventListener('abort', abandon);
    }
  };
}

/** Every request keeps the rules that stand in the contract (buf.validate). */
function withValidRequest(requests: readonly DescMessage[]): Interceptor {
  const validator = createValidator();
  // Rules are compiled at their first use, which takes about 0.1 s: no caller should wait for that.
  for (const request of requests) validator.validate(request, create(request));
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
