import type { SubmitRequest } from '@posthaste/protocol';
import { sameMailbox } from '@posthaste/submission';
import { isAddress, readMailboxes, shorten, type Mailbox } from './address.ts';
import { contentFaults } from '../mime/index.ts';
import { refuseFields, type FieldFault } from '../refusal/refusal.ts';

/** Who writes to whom, read from a request. */
export interface Addressing {
  readonly from: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly bcc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
}

/** The null reverse path of notifications (RFC 5321, 4.5.5). */
export const nullSender = '<>';

/** Throws INVALID_FIELD with all faults at once. */
export function readAddressing(request: SubmitRequest): Addressing {
  const faults: FieldFault[] = [];
  const addressing = request.raw.length > 0 ? readEnvelope(request, faults) : readHeaders(request, faults);
  if (faults.length > 0) throw refuseFields(faults);
  return addressing;
}

/** Every mailbox once, as it is first named, in the order to, cc, bcc. */
export function recipientsOf({ to, cc, bcc }: Addressing): string[] {
  const mailboxes = new Map<string, string>();
  for (const { address } of [...to, ...cc, ...bcc]) {
    const mailbox = sameMailbox(address);
    if (!mailboxes.has(mailbox)) mailboxes.set(mailbox, address);
  }
  return [...mailboxes.values()];
}

function readHeaders(request: SubmitRequest, faults: FieldFault[]): Addressing {
  faults.push(...contentFaults(request));
  const senders: FieldFault[] = [];
  const [from = { name: '', address: '' }] = readMailboxes('from', [request.from], senders);
  faults.push(...senders.map(({ description }) => ({ field: 'from', description })));
  return {
    from,
    to: readMailboxes('to', request.to, faults),
    cc: readMailboxes('cc', request.cc, faults),
    bcc: readMailboxes('bcc', request.bcc, faults),
    replyTo: readMailboxes('reply_to', request.replyTo, faults),
  };
}

function readEnvelope({ from, to }: SubmitRequest, faults: FieldFault[]): Addressing {
  const expected = 'expected local@domain: with raw it is the envelope alone';
  if (from !== nullSender && !isAddress(from)) faults.push({ field: 'from', description: `is "${shorten(from)}"; ${expected}, or <>` });
  to.forEach((address, index) => {
    if (!isAddress(address)) faults.push({ field: `to[${index}]`, description: `is "${shorten(address)}"; ${expected}` });
  });
  const mailbox = (address: string): Mailbox => ({ name: '', address });
  return { from: mailbox(from === nullSender ? '' : from), to: to.map(mailbox), cc: [], bcc: [], replyTo: [] };
}
