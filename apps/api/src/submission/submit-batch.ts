import { create } from '@bufbuild/protobuf';
import type { HandlerContext } from '@connectrpc/connect';
import { SubmitBatchResponseSchema, type SubmitBatchRequest, type SubmitBatchResponse, type SubmitResult } from '@posthaste/protocol';
import { refuseFields } from '../refusal/refusal.ts';
import type { SubmitOneOfMany } from './submit-many.ts';

const mostMessages = 1_000;

/** All go to storage side by side, so that it can gather them; each learns its own fate. */
export function createSubmitBatch(begin: SubmitOneOfMany) {
  return async ({ messages }: SubmitBatchRequest, context: HandlerContext): Promise<SubmitBatchResponse> => {
    if (messages.length === 0 || messages.length > mostMessages) throw refuseCount(messages.length);
    const underway: Promise<SubmitResult>[] = [];
    for (const message of messages) underway.push((await begin(message, context)).result);
    return create(SubmitBatchResponseSchema, { results: await Promise.all(underway) });
  };
}

function refuseCount(count: number) {
  const came = count === 0 ? 'is empty' : `has ${count} messages`;
  return refuseFields([{ field: 'messages', description: `${came}; expected 1 to ${mostMessages}` }]);
}
