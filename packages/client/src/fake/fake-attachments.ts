import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { UploadAttachmentResponseSchema, type Attachment, type UploadAttachmentResponse } from '@posthaste/protocol';
import { refusalError } from './refusal.ts';

const keptMs = 30 * 60_000;

/** Uploaded files by reference. */
export class FakeAttachments {
  readonly #kept = new Map<string, Uint8Array>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  store(content: Uint8Array): UploadAttachmentResponse {
    const reference = crypto.randomUUID();
    this.#kept.set(reference, content);
    return create(UploadAttachmentResponseSchema, {
      reference,
      expiresAt: timestampFromMs(this.#now() + keptMs),
      sizeBytes: BigInt(content.length),
    });
  }

  /** Throws when one of them names what was never stored. */
  check(attachments: readonly Attachment[]): void {
    const place = attachments.findIndex(({ reference }) => reference !== '' && !this.#kept.has(reference));
    if (place < 0) return;
    const description = 'the reference is unknown or too old; upload the file again';
    const field = `attachments[${place}].reference`;
    throw refusalError({ code: 'ATTACHMENT_NOT_FOUND', sentence: `${field}: ${description}`, fields: [{ field, description }] });
  }
}
