import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import type { SubmissionService, SubmitResponse } from '@posthaste/protocol';
import { createUploadAttachment } from './attachment-upload.ts';
import { createSendAndWait, type SendAndWaitOptions } from './send-and-wait.ts';
import { createSubmitBatch } from './submit-batch.ts';
import { createSubmitOneOfMany, type SubmitManyOptions } from './submit-many.ts';
import { createSubmitStream } from './submit-stream.ts';
import { createSubmit, type SubmitOptions } from './calls.ts';

export type SubmissionOptions = SubmitOptions & Omit<SubmitManyOptions & SendAndWaitOptions, 'submit'>;

export function createSubmissionService(options: SubmissionOptions): ServiceImpl<typeof SubmissionService> {
  const submit = createSubmit(options);
  const begin = createSubmitOneOfMany({ ...options, submit });
  return {
    async submit(request, context) {
      return marked(await submit(request, context), context);
    },
    submitBatch: createSubmitBatch(begin),
    submitStream: createSubmitStream(begin),
    sendAndWait: createSendAndWait({ ...options, submit }),
    uploadAttachment: createUploadAttachment(options.attachments),
  };
}

function marked(response: SubmitResponse, context: HandlerContext): SubmitResponse {
  if (response.replayed) context.responseHeader.set('idempotency-replayed', 'true');
  return response;
}
