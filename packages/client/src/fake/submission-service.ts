import { create } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { ConnectError, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import {
  SendAndWaitRequestSchema,
  SubmitRequestSchema,
  SubmitResponseSchema,
  SubmitResultSchema,
  UploadAttachmentRequestSchema,
  type SubmissionService,
  type SubmitRequest,
  type SubmitResponse,
  type SubmitResult,
} from '@posthaste/protocol';
import { isFinal } from '../message-status.ts';
import type { FakeAttachments } from './fake-attachments.ts';
import type { Accepted, FakeQueue } from './fake-queue.ts';
import type { FakeTroubles } from './fake-trouble.ts';
import { mailFaults } from './mail-faults.ts';
import { refuseFields, statusOf } from './refusal.ts';
import { validate } from './validation.ts';

export interface FakeParts {
  readonly now: () => number;
  readonly queue: FakeQueue;
  readonly troubles: FakeTroubles;
  readonly attachments: FakeAttachments;
}

export function submissionService({ now, queue, troubles, attachments }: FakeParts): ServiceImpl<typeof SubmissionService> {
  const accept = (request: SubmitRequest): SubmitResponse => {
    validate(SubmitRequestSchema, request);
    const faults = mailFaults(request, now());
    if (faults.length > 0) throw refuseFields(faults);
    attachments.check(request.attachments);
    return response(troubles.around(() => queue.accept(request)));
  };
  const acceptOne = (request: SubmitRequest): SubmitResult => {
    try {
      return create(SubmitResultSchema, { outcome: { case: 'accepted', value: accept(request) } });
    } catch (error) {
      return create(SubmitResultSchema, { outcome: { case: 'refused', value: statusOf(ConnectError.from(error)) } });
    }
  };
  return {
    submit: (request) => accept(request),
    submitBatch: ({ messages }) => {
      if (messages.length < 1 || messages.length > 1_000) throw wrongCount(messages.length);
      return { results: messages.map(acceptOne) };
    },
    async submitStream(requests) {
      const results: SubmitResult[] = [];
      for await (const { message } of requests) results.push(acceptOne(message ?? create(SubmitRequestSchema)));
      const accepted = results.filter(({ outcome }) => outcome.case === 'accepted').length;
      return { results, acceptedCount: accepted, refusedCount: results.length - accepted };
    },
    async sendAndWait(request, context) {
      validate(SendAndWaitRequestSchema, request);
      const accepted = accept(request.message ?? create(SubmitRequestSchema));
      const settled = await settles(queue, accepted.id, request.timeout ? durationMs(request.timeout) : 30_000, context);
      return { accepted, settled, message: queue.present(accepted.id) };
    },
    uploadAttachment(request) {
      validate(UploadAttachmentRequestSchema, request);
      return attachments.store(request.content);
    },
  };
}

function response({ message, replayed }: Accepted): SubmitResponse {
  return create(SubmitResponseSchema, { id: message.id, replayed, ...(message.acceptedAt && { acceptedAt: message.acceptedAt }) });
}

function wrongCount(count: number): ConnectError {
  const description = `holds ${count} messages; give from 1 to 1000`;
  return refuseFields([{ field: 'messages', description }]);
}

/** Whether it is final before the time is over. */
async function settles(queue: FakeQueue, id: string, timeoutMs: number, { signal }: HandlerContext): Promise<boolean> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    while (!isFinal(queue.present(id).state)) await queue.change(over);
    return true;
  } catch {
    return false;
  }
}
