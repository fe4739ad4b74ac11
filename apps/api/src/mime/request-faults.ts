import type { SubmitRequest } from '@posthaste/protocol';
import { shorten } from '../submission/address.ts';
import type { FieldFault } from '../refusal/refusal.ts';
import { longestToken } from './header-field.ts';
import { readMediaType } from './media-type.ts';

/** What the rules of the contract cannot say about headers and attachments. */
export function contentFaults(request: SubmitRequest): FieldFault[] {
  return [...headerFaults(request), ...attachmentFaults(request)];
}

/** Headers with a field of their own, headers of the MIME structure, and those that only the way itself may write. */
const reserved = /^(from|sender|to|cc|bcc|reply-to|subject|mime-version|content-.*|received|return-path|delivered-to|x-posthaste-.*)$/;

function headerFaults({ headers, listUnsubscribe }: SubmitRequest): FieldFault[] {
  const seen = new Set<string>();
  return Object.entries(headers).flatMap(([name, value]) => {
    const key = name.toLowerCase();
    const description = seen.has(key)
      ? 'is given in two spellings: give it once'
      : (placeFault(key, listUnsubscribe !== undefined) ?? valueFault(key, value));
    seen.add(key);
    return description === undefined ? [] : [{ field: `headers["${name}"]`, description }];
  });
}

function placeFault(name: string, unsubscribable: boolean): string | undefined {
  if (reserved.test(name)) return 'cannot be given here: it has a field of its own, or is written on the way';
  if (unsubscribable && name.startsWith('list-unsubscribe')) return 'cannot be given beside list_unsubscribe, which writes it';
  return undefined;
}

/** RFC 5322, 3.6.4, without the forms that are obsolete. */
const messageId = /^<[!-;=?A-~]+@[!-;=?A-~]+>$/;
/** RFC 5322, 3.3, and the zone names that are still seen. */
const dateTime =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|GMT|UT)$/;

function valueFault(name: string, value: string): string | undefined {
  const isMessageId = messageId.test(value) && value.length <= longestToken;
  if (name === 'message-id' && !isMessageId) return `is "${shorten(value)}"; expected <unique@domain>, as RFC 5322, 3.6.4 says`;
  const isDate = dateTime.test(value) && !Number.isNaN(Date.parse(value));
  if (name === 'date' && !isDate) return `is "${shorten(value)}"; expected a time as in RFC 5322, 3.3, such as Thu, 1 May 2031 08:00:00 +0000`;
  return undefined;
}

function attachmentFaults({ attachments }: SubmitRequest): FieldFault[] {
  return attachments.flatMap(({ contentType }, index) => {
    const type = contentType === '' ? undefined : readMediaType(contentType);
    const wrong = contentType !== '' && (type === undefined || type.name.startsWith('multipart/'));
    const description = `is "${shorten(contentType)}"; expected the type of one file, such as text/plain; charset=utf-8`;
    return wrong ? [{ field: `attachments[${index}].content_type`, description }] : [];
  });
}
