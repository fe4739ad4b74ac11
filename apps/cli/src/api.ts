import { Code, ConnectError } from '@connectrpc/connect';
import { createPosthasteClient, type ErrorCode, type PosthasteClient, PosthasteError } from '@posthaste/client';
import { ErrorInfoSchema } from '@posthaste/protocol';
import { type ExitCode, exitCode } from './exit-code.ts';
import { Failure } from './failure.ts';

/** How often a call is made in all before the operator hears of the trouble. A question is soon asked again; a mail is worth some seconds. */
export const patience = { question: 2, submission: 6 } as const;

/** Asks the api. Throws a Failure. */
export async function askApi<T>(endpoint: string, maxAttempts: number, ask: (client: PosthasteClient) => Promise<T>): Promise<T> {
  const client = createPosthasteClient({ baseUrl: endpoint, timeoutMs: 30_000, retry: { maxAttempts } });
  try {
    return await ask(client);
  } catch (error) {
    throw error instanceof PosthasteError ? failureOf(error, endpoint) : error;
  } finally {
    client.close();
  }
}

const exitCodes: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
  INVALID_FIELD: exitCode.usage,
  UNKNOWN_FIELD: exitCode.usage,
  MALFORMED_REQUEST: exitCode.usage,
  MESSAGE_TOO_LARGE: exitCode.usage,
  TOO_MANY_RECIPIENTS: exitCode.usage,
  MESSAGE_NOT_FOUND: exitCode.notFound,
  OPERATION_NOT_FOUND: exitCode.notFound,
  SUSPENSION_NOT_FOUND: exitCode.notFound,
  IDEMPOTENCY_KEY_REUSED: exitCode.conflict,
  IDEMPOTENCY_IN_FLIGHT: exitCode.conflict,
  ATTACHMENT_NOT_FOUND: exitCode.conflict,
  STORAGE_FULL: exitCode.unavailable,
  OVERLOADED: exitCode.unavailable,
  STORAGE_UNAVAILABLE: exitCode.unavailable,
  SCHEDULER_UNAVAILABLE: exitCode.unavailable,
  UNAVAILABLE: exitCode.unavailable,
  DEADLINE_EXCEEDED: exitCode.unavailable,
};

/** What a proxy in front says. */
const refusedByCode: ReadonlyMap<Code | undefined, ExitCode> = new Map([
  [Code.Unauthenticated, exitCode.auth],
  [Code.PermissionDenied, exitCode.auth],
]);

function failureOf(error: PosthasteError, endpoint: string): Failure {
  const answer = error.cause instanceof ConnectError ? error.cause : undefined;
  const code = refusedByCode.get(answer?.code) ?? exitCodes[error.code] ?? exitCode.failed;
  // An answer of the api carries a reason; without one nothing of ours has answered.
  const isOurs = (answer?.findDetails(ErrorInfoSchema).length ?? 0) > 0;
  const away = code === exitCode.unavailable && !isOurs;
  return new Failure(error.message, {
    exitCode: code,
    code: answer ? Code[answer.code] : 'Failed',
    reason: isOurs || answer === undefined ? error.code : undefined,
    hint: away ? `Is the api at ${endpoint}? Start it with posthaste up, or name it with --endpoint.` : undefined,
    cause: error,
  });
}
