import type { DescMethod } from '@bufbuild/protobuf';
import { SubmissionService } from '@posthaste/protocol';

export interface SizeLimits {
  /** The largest message, as the door takes it. */
  readonly maxMessageBytes: number;
  /** The largest request that holds many. */
  readonly maxRequestBytes: number;
}

const otherFieldsBytes = 1024 * 1024;

/** The largest request for one message: as base64 in JSON it grows by a third, and the other fields need room too. */
export function requestBytes(maxMessageBytes: number): number {
  return Math.ceil(maxMessageBytes / 3) * 4 + otherFieldsBytes;
}

/** The largest request of a method, or the largest of those that a client streams. */
export function maxBytesOf({ parent, name }: DescMethod, { maxMessageBytes, maxRequestBytes }: SizeLimits): number {
  const holdsMany = parent === SubmissionService && name === SubmissionService.method.submitBatch.name;
  return holdsMany ? maxRequestBytes : requestBytes(maxMessageBytes);
}
