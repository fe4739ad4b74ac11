import { randomUUID } from 'node:crypto';
import type { ConnectError } from '@connectrpc/connect';
import { Disposition, type Attachment, type SubmitRequest } from '@posthaste/protocol';
import type { Addressing } from '../submission/envelope.ts';
import { refusal } from '../refusal/refusal.ts';
import { base64Lines, base64Size, base64Stream, strides } from './base64-lines.ts';
import type { Content, File, Piece } from './entity.ts';
import { anyFile, mediaTypeOf, readMediaType } from './media-type.ts';
import { messageBody } from './message-body.ts';
import { messageHeader } from './message-header.ts';

export interface BuildFacts {
  /** The largest message that may come of it. */
  readonly maxBytes: number;
  /** What nobody can guess, so that no part can hold a boundary of ours. Letters, digits and `-`. */
  readonly secret?: string;
}

export interface BuiltMessage {
  readonly size: number;
  /** Whole when it is small; else in pieces that are made as they are taken, once. */
  readonly raw: Uint8Array | AsyncIterable<Uint8Array>;
}

/** A message up to this size is made at once. */
const wholeBytes = 256 * 1024;

/**
 * The MIME message (RFC 5322, RFC 2045) of a request's content fields.
 *
 * @param contents what each attachment holds, in their order
 * @throws MESSAGE_TOO_LARGE, before anything large is made
 */
export function buildMessage(
  request: SubmitRequest,
  addressing: Addressing,
  { maxBytes, secret = randomUUID() }: BuildFacts,
  contents: readonly Content[] = [],
): BuiltMessage {
  const { text, html, attachments } = request;
  const least = contents.reduce((sum, { length }) => sum + base64Size(length), text.length + html.length);
  if (least > maxBytes) throw tooLarge(`at least ${least}`, maxBytes);
  const files = attachments.map((attachment, index) => fileOf(attachment, contents[index] ?? attachment.content));
  let count = 0;
  // `=_` stands in no quoted-printable and no base64 (RFC 2045, 6.7).
  const { fields, body } = messageBody({ text, html, files }, () => `=_${secret}_${(count += 1)}`);
  const pieces = [Buffer.from(`${messageHeader(request, addressing)}${fields}\r\n`), ...body, ...lastLineEnd(body)];
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  if (size > maxBytes) throw tooLarge(String(size), maxBytes);
  return { size, raw: size <= wholeBytes && pieces.every(isAtHand) ? Buffer.concat(pieces.map(bytesOf)) : inTurn(pieces) };
}

function tooLarge(size: string, maxBytes: number): ConnectError {
  const sentence = `the message built from this request is ${size} bytes, files a third larger as base64; expected at most ${maxBytes}`;
  return refusal('MESSAGE_TOO_LARGE', sentence, { metadata: { limit_bytes: String(maxBytes) } });
}

function fileOf({ filename, contentType, contentId, disposition }: Attachment, content: Content): File {
  const type = contentType === '' ? mediaTypeOf(filename) : (readMediaType(contentType) ?? anyFile);
  const inline = disposition === Disposition.UNSPECIFIED ? contentId !== '' : disposition === Disposition.INLINE;
  return { filename, type, contentId, disposition: inline ? 'inline' : 'attachment', content };
}

/** A message ends with its last line (RFC 5321, 4.1.1.4). */
function lastLineEnd(body: readonly Piece[]): Uint8Array[] {
  const last = body.at(-1);
  return last instanceof Uint8Array && last.at(-1) === 10 ? [] : [Buffer.from('\r\n')];
}

type PieceAtHand = Uint8Array | { readonly content: Uint8Array };

function isAtHand(piece: Piece): piece is Piece & PieceAtHand {
  return piece instanceof Uint8Array || piece.content instanceof Uint8Array;
}

function bytesOf(piece: PieceAtHand): Uint8Array {
  return piece instanceof Uint8Array ? piece : base64Lines(piece.content);
}

async function* inTurn(pieces: readonly Piece[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece;
    else yield* base64Stream(piece.content instanceof Uint8Array ? strides(piece.content) : piece.content.read());
  }
}
