import type { HandlerContext } from '@connectrpc/connect';
import { SubmissionService, type SubmitRequest } from '@posthaste/protocol';
import { requestHeaderOf } from '../call-context.ts';
import { refuseFields } from '../refusal/refusal.ts';

const { submitBatch, submitStream } = SubmissionService.method;

/** Calls with many messages, each of which has a key of its own. */
const callsOfMany: ReadonlySet<string> = new Set([submitBatch.name, submitStream.name]);

function isCallOfMany({ method }: Pick<HandlerContext, 'method'>): boolean {
  return callsOfMany.has(method.name);
}

/** The key of a request, from its field or the call's header; undefined when it has none. Throws INVALID_FIELD. */
export function idempotencyKeyOf(
  { idempotencyKey: field }: SubmitRequest,
  context: Pick<HandlerContext, 'method' | 'requestHeader'>,
): string | undefined {
  const header = requestHeaderOf(context, 'idempotency-key');
  if (header === null) return field === '' ? undefined : field;
  if (isCallOfMany(context)) throw invalid('the header Idempotency-Key cannot tell many messages apart: give each its idempotency_key');
  const key = unquoted(header);
  if (!/^[ -~]{1,255}$/.test(key)) throw invalid('the header Idempotency-Key is to have 1 to 255 printable ASCII characters');
  if (field !== '' && field !== key)
    throw invalid(`the field is "${field}" and the header Idempotency-Key says "${key}"; expected one of them, or the same`);
  return key;
}

/** The header as a string of structured fields (RFC 9651, 3.3.3), as the draft for it asks, or as the plain word that many clients send. */
function unquoted(header: string): string {
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header)?.[1];
  return quoted === undefined ? header : quoted.replaceAll(/\\(.)/g, '$1');
}

function invalid(description: string) {
  return refuseFields([{ field: 'idempotency_key', description }]);
}
