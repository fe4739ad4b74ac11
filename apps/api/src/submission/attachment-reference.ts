import { randomUUIDv7 } from 'node:crypto';
import { idInPartition } from '@posthaste/core';

/** Which stored file is meant, and what it must turn out to be. */
export interface AttachmentReference {
  /** A UUIDv7, so that the time of the upload cannot be changed without naming another file. */
  readonly id: string;
  readonly size: number;
  /** SHA-256 of the file, hex. Whoever can name it has seen the file. */
  readonly digest: string;
}

/** One byte of version, 16 of id, 6 of size, 32 of digest. */
const version = 1;
const length = 55;

/** Opaque to clients: base64url. */
export function encodeReference({ id, size, digest }: AttachmentReference): string {
  const sizeBytes = size.toString(16).padStart(12, '0');
  return Buffer.from(`0${version}${id.replaceAll('-', '')}${sizeBytes}${digest}`, 'hex').toString('base64url');
}

/** Undefined for what encodeReference never wrote. */
export function decodeReference(text: string): AttachmentReference | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== length || bytes[0] !== version || bytes.toString('base64url') !== text) return undefined;
  const [, a, b, c, d, e] = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(bytes.toString('hex', 1, 17)) ?? [];
  return { id: `${a}-${b}-${c}-${d}-${e}`, size: bytes.readUIntBE(17, 6), digest: bytes.toString('hex', 23) };
}

/** Whose owner removes them in the end. One for all: a file is read by its id, whatever partition its mail is in. */
export const attachmentPartition = 0;

/** A new id that says when it was made. */
export function attachmentId(now: number): string {
  const time = now.toString(16).padStart(12, '0');
  return idInPartition(`${time.slice(0, 8)}-${time.slice(8)}${randomUUIDv7().slice(13)}`, attachmentPartition);
}

/** Milliseconds since the epoch. */
export function timeOf({ id }: AttachmentReference): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
