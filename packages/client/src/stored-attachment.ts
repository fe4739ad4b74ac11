import type { UploadAttachmentResponse } from '@posthaste/protocol';
import { dateOf } from './message-status.ts';
import { withProto, type WithProto } from './with-proto.ts';

/** A file that is stored for a while. */
export interface StoredAttachment extends WithProto<UploadAttachmentResponse> {
  /** For `attachments[].reference`. All that is needed to read the file in a mail: treat it like the file. */
  readonly reference: string;
  /** Until when it can be used. */
  readonly expiresAt: Date | undefined;
  readonly sizeBytes: number;
}

export function storedAttachment(response: UploadAttachmentResponse): StoredAttachment {
  const { reference, expiresAt, sizeBytes } = response;
  return withProto({ reference, expiresAt: dateOf(expiresAt), sizeBytes: Number(sizeBytes) }, response);
}
