import { create } from '@bufbuild/protobuf';
import { createRouterTransport } from '@connectrpc/connect';
import { createPosthasteClient, type Mail } from '@posthaste/client';
import { SendAndWaitRequestSchema, SubmissionService, SubmitRequestSchema, SubmitResponseSchema, type SubmitRequest } from '@posthaste/protocol';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { protoJson } from '../terminal/json.ts';

/** The request that the client would send, caught on its way. */
export async function requestFor(mail: Mail): Promise<SubmitRequest> {
  let caught = create(SubmitRequestSchema);
  const transport = createRouterTransport(({ service }) =>
    service(SubmissionService, {
      submit(request) {
        caught = request;
        return create(SubmitResponseSchema);
      },
    }),
  );
  await createPosthasteClient({ transport }).submit(mail);
  // The client's own key is for this one call; with it a second use of the JSON would be taken for a repetition.
  return { ...caught, idempotencyKey: mail.idempotencyKey ?? '' };
}

/** As JSON for POST /v1/messages, or for /v1/messages:sendAndWait. */
export function describeRequest(message: SubmitRequest, waitMs: number | undefined, form: 'json' | 'jsonl'): string {
  if (waitMs === undefined) return protoJson(SubmitRequestSchema, message, form);
  return protoJson(SendAndWaitRequestSchema, create(SendAndWaitRequestSchema, { message, timeout: durationFromMs(waitMs) }), form);
}
