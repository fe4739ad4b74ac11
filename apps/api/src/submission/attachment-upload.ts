import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { UploadAttachmentResponseSchema, type UploadAttachmentRequest, type UploadAttachmentResponse } from '@posthaste/protocol';
import type { Attachments } from './attachments.ts';

export function createUploadAttachment(attachments: Attachments) {
  return async ({ content }: UploadAttachmentRequest): Promise<UploadAttachmentResponse> => {
    const { reference, expiresAt, size } = await attachments.store(content);
    return create(UploadAttachmentResponseSchema, { reference, expiresAt: timestampFromMs(expiresAt), sizeBytes: BigInt(size) });
  };
}
