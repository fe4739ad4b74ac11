import { anyUnpack, durationMs } from '@bufbuild/protobuf/wkt';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { BadRequestSchema, ErrorInfoSchema, ErrorReason, RetryInfoSchema, type RpcStatus } from '@posthaste/protocol';
import { type ErrorCode, PosthasteError } from './posthaste-error.ts';

const errorDomain = 'posthaste.v1';

const worthRetrying: ReadonlySet<ErrorCode> = new Set([
  'STORAGE_FULL',
  'STORAGE_UNAVAILABLE',
  'OVERLOADED',
  'SCHEDULER_UNAVAILABLE',
  'UNAVAILABLE',
  'IDEMPOTENCY_IN_FLIGHT',
  'DEADLINE_EXCEEDED',
]);

/** What an answer without a reason of ours means: it came from a proxy, from the transport, or from the protocol's own code. */
const codes: Readonly<Record<number, ErrorCode>> = {
  [Code.InvalidArgument]: 'MALFORMED_REQUEST',
  [Code.ResourceExhausted]: 'MESSAGE_TOO_LARGE',
  [Code.Unimplemented]: 'METHOD_NOT_FOUND',
  [Code.DeadlineExceeded]: 'DEADLINE_EXCEEDED',
};

/** A proxy's refusals, which no repetition mends. */
const refusedForGood: ReadonlySet<number> = new Set([Code.Unauthenticated, Code.PermissionDenied, Code.FailedPrecondition, Code.NotFound]);

/** Whatever a call threw. `signal` is the caller's own: only when it is aborted was it the caller who gave up. */
export function errorFromCall(thrown: unknown, signal?: AbortSignal): PosthasteError {
  if (thrown instanceof PosthasteError) return thrown;
  if (signal?.aborted === true) return new PosthasteError('the caller gave up', { code: 'CANCELLED', cause: signal.reason });
  const error = ConnectError.from(thrown);
  if (isUnsaid(error)) return new PosthasteError(error.rawMessage, { code: 'MALFORMED_REQUEST', cause: error });
  return describe({ code: error.code, sentence: error.rawMessage, find: (schema) => error.findDetails(schema), cause: error });
}

/** A request that the contract has no words for, such as a number that should be a text: Connect says so with the code that a server's failure has. */
function isUnsaid({ code, rawMessage }: ConnectError): boolean {
  return code === Code.Internal && rawMessage.startsWith('serialize ');
}

/** What became of one message of many. */
export function errorFromStatus(status: RpcStatus): PosthasteError {
  const find = <D extends DescMessage>(schema: D) => status.details.flatMap((any) => anyUnpack(any, schema) ?? []);
  return describe({ code: status.code, sentence: status.message, find, cause: status });
}

interface Refusal {
  readonly code: number;
  readonly sentence: string;
  readonly find: <D extends DescMessage>(schema: D) => MessageShape<D>[];
  readonly cause: unknown;
}

function describe({ code: rpcCode, sentence, find, cause }: Refusal): PosthasteError {
  const [retry] = find(RetryInfoSchema);
  const said = find(ErrorInfoSchema).find(({ domain, reason }) => domain === errorDomain && isErrorCode(reason));
  const code = said ? ourSide(said.reason as ErrorCode) : (codes[rpcCode] ?? 'UNAVAILABLE');
  return new PosthasteError(sentence === '' ? `the call failed with ${Code[rpcCode]}` : sentence, {
    code,
    // RetryInfo is only given with what is worth another try; a newer server may have reasons that this client does not know.
    retryable: retry !== undefined || (worthRetrying.has(code) && (said !== undefined || !refusedForGood.has(rpcCode))),
    retryAfterMs: retry?.retryDelay && durationMs(retry.retryDelay),
    fields: find(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations.map(({ field, description }) => ({ field, description }))),
    metadata: said?.metadata ?? {},
    cause,
  });
}

/** The server says CANCELLED when the client went away. We are still here, so it was the connection. */
function ourSide(code: ErrorCode): ErrorCode {
  return code === 'CANCELLED' ? 'UNAVAILABLE' : code;
}

function isErrorCode(reason: string): reason is ErrorCode {
  return Object.hasOwn(ErrorReason, reason) && reason !== 'UNSPECIFIED';
}
