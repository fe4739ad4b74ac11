import { setImmediate } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { createHandlerContext } from '@connectrpc/connect';
import { SubmissionService, SubmitRequestSchema, SubmitResponseSchema } from '@posthaste/protocol';
import { silentLog } from '@posthaste/telemetry';
import { expect, test } from 'vitest';
import { attachmentId, encodeReference } from './attachment-reference.ts';
import { createSubmitOneOfMany } from './submit-many.ts';

const context = createHandlerContext({
  service: SubmissionService,
  method: SubmissionService.method.submitBatch,
  protocolName: 'grpc',
  requestMethod: 'POST',
  url: 'http://localhost/',
});

test('messages that name stored files take as much of the window as the files are large', async () => {
  let inside = 0;
  let most = 0;
  const submit = async () => {
    most = Math.max(most, ++inside);
    await setImmediate();
    inside -= 1;
    return create(SubmitResponseSchema);
  };
  const submitOne = createSubmitOneOfMany({ submit, validate: () => {}, log: silentLog });
  const reference = encodeReference({ id: attachmentId(0), size: 10 * 2 ** 20, digest: '00'.repeat(32) });
  const message = create(SubmitRequestSchema, { attachments: [{ reference }] });
  const results = await Promise.all(Array.from({ length: 10 }, async () => (await submitOne(message, context)).result));
  expect(results.filter(({ outcome }) => outcome.case === 'accepted')).toHaveLength(10);
  expect(most).toBe(3);
});
