import { maxTicketBytes, type TicketRecipient } from '@posthaste/core';

/** Of a ticket, what is kept for all but the recipients: tags, sender, Message-ID, times, body. Each of them is bounded so that they fit. */
const reservedBytes = 16 * 1024;

/** How many bytes of recipients fit in one ticket. A door refuses the next recipient when its `recipientBytes` no longer fit. */
export const recipientRoom = maxTicketBytes - reservedBytes;

/** What a recipient takes in a ticket: its JSON and a comma. */
export function recipientBytes(recipient: TicketRecipient): number {
  return jsonBytes(recipient) + 1;
}

/** The length of a value in the ticket's encoding: JSON, where each UTF-16 unit beyond ASCII takes six bytes. */
export function jsonBytes(value: unknown): number {
  const text = JSON.stringify(value);
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 126) bytes += 5;
  return bytes;
}
