import { create } from '@bufbuild/protobuf';
import type { HandlerContext } from '@connectrpc/connect';
import { SubmitStreamResponseSchema, type SubmitResult, type SubmitStreamRequest, type SubmitStreamResponse } from '@posthaste/protocol';
import type { SubmitOneOfMany } from './submit-many.ts';

interface StreamBounds {
  /** After so many messages the answer comes. */
  readonly messages: number;
  /** After so many refusals too: with their reasons they make an answer that clients do not take, which is 4 MiB with gRPC's own. */
  readonly refusals: number;
}

const streamBounds: StreamBounds = { messages: 50_000, refusals: 500 };

/**
 * Reads the next message when there is room for it, and not before: the transport's flow control then holds the client back. Who stops reading early
 * answers early.
 */
export function createSubmitStream(begin: SubmitOneOfMany, { messages, refusals }: StreamBounds = streamBounds) {
  return async (requests: AsyncIterable<SubmitStreamRequest>, context: HandlerContext): Promise<SubmitStreamResponse> => {
    const underway: Promise<SubmitResult>[] = [];
    let refused = 0;
    const count = ({ outcome }: SubmitResult) => void (refused += outcome.case === 'refused' ? 1 : 0);
    for await (const { message } of requests) {
      const { result } = await begin(message, context);
      underway.push(result);
      void result.then(count);
      if (underway.length >= messages || refused >= refusals) break;
    }
    return answer(await Promise.all(underway));
  };
}

function answer(results: SubmitResult[]): SubmitStreamResponse {
  const acceptedCount = results.filter(({ outcome }) => outcome.case === 'accepted').length;
  return create(SubmitStreamResponseSchema, { results, acceptedCount, refusedCount: results.length - acceptedCount });
}
