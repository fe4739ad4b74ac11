import type { DescMessage, Message } from '@bufbuild/protobuf';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import type { Log } from '@posthaste/telemetry';
import { explainThrown } from './refusal/explain.ts';
import { startTimeLimit } from './limits/time-limit.ts';
import type { Validate } from './refusal/validation.ts';

export interface InterceptorOptions {
  readonly log: Log;
  /** No unary call takes longer, but one that is made to wait. */
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
      const response = await next(request);
      return response.stream ? { ...response, message: explainedStream(response.message, request.method.name, log) } : response;
    } catch (thrown) {
      throw explainThrown(thrown, request.method.name, log);
    }
  };
}

async function* explainedStream(messages: AsyncIterable<Message>, method: string, log: Log): AsyncGenerator<Message> {
  try {
    yield* messages;
  } catch (thrown) {
    throw explainThrown(thrown, method, log);
  }
}

/** Cuts a unary call off at its own deadline or at ours, and when its client goes away. */
function withDeadline(timeoutMs: number): Interceptor {
  return (next) => async (request) => {
    if (request.stream) return next(request);
    const limit = startTimeLimit(request.method, timeoutMs);
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

/** What a client streams is checked message by message, by who takes it. */
function withValidRequest(validate: Validate): Interceptor {
  return (next) => async (request) => {
    const { input, methodKind } = request.method;
    if (!request.stream) validate(input, request.message);
    if (!request.stream || methodKind !== 'server_streaming') return next(request);
    return next({ ...request, message: validEach(validate, input, request.message) });
  };
}

async function* validEach(validate: Validate, desc: DescMessage, requests: AsyncIterable<Message>): AsyncGenerator<Message> {
  for await (const request of requests) {
    validate(desc, request);
    yield request;
  }
}
