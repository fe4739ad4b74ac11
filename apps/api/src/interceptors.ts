import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import type { Log } from '@posthaste/telemetry';
import { explain } from './explain.ts';
import { reasonOf, refusal } from './refusal.ts';
import { startTimeLimit } from './time-limit.ts';
import type { Validate } from './validation.ts';

export interface InterceptorOptions {
  readonly log: Log;
  /** No unary call takes longer. */
  readonly timeoutMs: number;
  readonly validate: Validate;
}

/** The outermost first. */
export function createInterceptors({ log, timeoutMs, validate }: InterceptorOptions): Interceptor[] {
  return [withReason(log), withDeadline(timeoutMs), withValidRequest(validate)];
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

/** A stream's messages are checked one by one, by who takes them. */
function withValidRequest(validate: Validate): Interceptor {
  return (next) => async (request) => {
    if (!request.stream) validate(request.method.input, request.message);
    return next(request);
  };
}
