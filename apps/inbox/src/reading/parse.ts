import PostalMime, { type Address, type Attachment, type Email } from 'postal-mime';

/** A mail, taken apart. */
export interface Reading {
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly text: string;
  readonly html: string;
  readonly attachments: readonly ReadAttachment[];
}

export interface ReadAttachment {
  /** As the mail says: can hold anything. Empty when it says nothing. */
  readonly name: string;
  readonly type: string;
  /** Without its angle brackets; empty when it has none. */
  readonly contentId: string;
  readonly content: ArrayBuffer;
}

/** What is enough for every honest mail; more makes postal-mime throw. */
const limits = { maxNestingDepth: 50, maxHeadersSize: 1024 * 1024, maxRfc822NestingDepth: 3 };

export async function parseMail(raw: Uint8Array): Promise<Reading> {
  const email = await PostalMime.parse(raw, limits);
  return {
    headers: email.headers.map(({ originalKey, value }) => ({ name: originalKey, value })),
    text: email.text ?? '',
    html: email.html ?? '',
    attachments: email.attachments.map(readAttachment),
  };
}

function readAttachment({ filename, mimeType, contentId, content }: Attachment): ReadAttachment {
  // postal-mime gives text only when it is asked to encode.
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
  return { name: filename ?? '', type: mimeType, contentId: (contentId ?? '').replace(/^<|>$/g, ''), content: bytes.slice().buffer };
}

/** Enough for the headers of every honest mail. */
const maxHeaderBytes = 64 * 1024;

export interface Heading {
  readonly from: string;
  readonly subject: string;
}

/** From and Subject as a person wants to read them; empty where they are missing. Cheap, however large the mail is. */
export async function parseHeading(raw: Buffer): Promise<Heading> {
  const { from, subject } = await readHeaders(raw.subarray(0, headerEnd(raw)));
  return { from: from === undefined ? '' : showAddress(from), subject: subject ?? '' };
}

function readHeaders(raw: Uint8Array): Promise<Partial<Email>> {
  return PostalMime.parse(raw, limits).catch(() => ({}));
}

function headerEnd(raw: Buffer): number {
  const end = raw.subarray(0, maxHeaderBytes).indexOf('\r\n\r\n');
  return end === -1 ? maxHeaderBytes : end + 4;
}

function showAddress({ name, address = '' }: Address): string {
  return name === '' || name === address ? address : `${name} <${address}>`;
}
