import { fourLanes } from '../four-lanes.ts';
import { controlPrefix, readHeaderFacts } from '../control-headers.ts';
import { SubmissionError } from '../submission-error.ts';
import type { HeaderWishes } from '../submission.ts';
import { grantedPriority } from '../transfer-priority.ts';
import { findHeaderBlock, type HeaderBlock, type HeaderField } from './header-block.ts';
import { dateField, generatedMessageId, receivedField, type TraceFacts } from './trace.ts';

/** The beginning of a message after the door's changes to its headers. */
export interface Head {
  /** Our fields, the kept ones byte for byte, and whatever of the body came with them. */
  readonly pieces: readonly Buffer[];
  readonly asked: HeaderWishes;
  readonly messageId: string;
  /**
   * What the author wrote of this part, by which a repeated submission is recognised: all but Date and Received. Absent without a Message-ID:
   * two mails that only look the same are two mails.
   */
  readonly authored?: readonly Buffer[];
  /** A byte above 127 stands in the headers. */
  readonly eightBit: boolean;
}

type FoundBlock = HeaderBlock & { kind: 'found' };

/**
 * Removes Bcc and our control headers, adds Received, and Date and Message-ID where they are missing. Everything else stays byte for byte.
 * Returns undefined while the header block is incomplete; throws a SubmissionError.
 *
 * @param bytes the beginning of the message, line ends CRLF
 * @param complete no more bytes will come
 * @param lanes that our header can name
 */
export function rewriteHead(bytes: Buffer, complete: boolean, maxHeaderBytes: number, trace: TraceFacts, lanes = fourLanes): Head | undefined {
  const block = findHeaderBlock(bytes, complete, maxHeaderBytes);
  if (block.kind === 'incomplete') return undefined;
  if (block.kind === 'too large') throw headerTooLarge(maxHeaderBytes);
  const { asked, priority, messageId, dated } = readHeaderFacts(block, trace.priority !== undefined, lanes);
  const ownId = messageId ?? generatedMessageId(trace.id, trace.hostname);
  const tunnelled = tunnelledPriority(trace, priority);
  const added =
    receivedField(trace) +
    (tunnelled === undefined ? '' : `MT-Priority: ${tunnelled}\r\n`) +
    (dated ? '' : dateField(trace.now)) +
    (messageId === undefined ? `Message-ID: ${ownId}\r\n` : '');
  const gap = block.gap ? [] : [Buffer.from('\r\n')];
  const rest = bytes.subarray(block.end);
  const leftOut = tunnelled === undefined ? isRemoved : isRemovedOrPriority;
  const pieces = [Buffer.from(added, 'latin1'), ...fieldsWithout(leftOut, bytes, block), ...gap, rest];
  const authored = messageId ? { authored: [...fieldsWithout(isRewritten, bytes, block), rest] } : {};
  // eslint-disable-next-line no-control-regex
  return { pieces, asked, messageId: ownId, ...authored, eightBit: /[^\x00-\x7f]/.test(block.text.slice(0, block.end)) };
}

/**
 * An upstream without MT-PRIORITY learns of the priority by a header with what was granted, in place of any that came (RFC 6758, 3.3). One that
 * says so already stays as it is, and so does the signature that may cover it (RFC 6758, 7.1): undefined.
 */
function tunnelledPriority({ priority, maxLane }: TraceFacts, inHeader: number | undefined): number | undefined {
  const asked = priority ?? inHeader;
  if (asked === undefined) return undefined;
  const granted = grantedPriority(asked, maxLane);
  return granted === inHeader ? undefined : granted;
}

function headerTooLarge(maxHeaderBytes: number): SubmissionError {
  const expected = `at most ${maxHeaderBytes} bytes`;
  return new SubmissionError('INVALID_HEADER', `the message's header block is too large; expected ${expected}`, { field: 'header', expected });
}

/** The fields between those left out, in as few pieces as possible. */
function fieldsWithout(isLeftOut: (field: HeaderField) => boolean, bytes: Buffer, { fields, end }: FoundBlock): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const field of fields) {
    if (!isLeftOut(field)) continue;
    if (field.start > from) pieces.push(bytes.subarray(from, field.start));
    from = field.end;
  }
  if (end > from) pieces.push(bytes.subarray(from, end));
  return pieces;
}

function isRemoved({ name }: HeaderField): boolean {
  return name === 'bcc' || name === 'resent-bcc' || name.startsWith(controlPrefix);
}

function isRemovedOrPriority(field: HeaderField): boolean {
  return field.name === 'mt-priority' || isRemoved(field);
}

/** By whoever hands the mail on, or by a client at each try. */
function isRewritten({ name }: HeaderField): boolean {
  return name === 'date' || name === 'received';
}
