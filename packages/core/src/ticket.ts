import { isLane, type Lane, type WrittenLane } from './lane.ts';

/**
 * All that the scheduler knows of a message; never the body. It is written once, at the door, as one header of the mail's
 * entry in MAIL or WAIT, and never changes.
 */
export interface Ticket extends WrittenLane {
  /** UUIDv7; its last byte is the partition. */
  readonly id: string;
  readonly tenant: string;
  /** Reverse path (RFC 5321, 4.1.1.2) without the angle brackets; empty for the null sender. */
  readonly from: string;
  readonly recipients: readonly TicketRecipient[];
  /** Wall clock of the door, milliseconds since the epoch. */
  readonly acceptedAt: number;
  /** Not before this time, milliseconds since the epoch. Absent: at once. */
  readonly due?: number;
  /** Useful until this time, milliseconds since the epoch; expired after it. Absent: for ever. */
  readonly deadline?: number;
  /** The deadline was given as a time to live from acceptance: the mail's age decides, whatever the wall clock is set to meanwhile. */
  readonly byAge?: true;
  /** Bytes of the raw message. */
  readonly size: number;
  /** Present when the body lies in BODIES instead of in the entry itself. */
  readonly chunked?: ChunkedBody;
  /** The message has bytes above 127, so its upstream must offer 8BITMIME (RFC 6152). BODY=8BITMIME alone, over 7-bit bytes, asks nothing of it. */
  readonly eightBit?: true;
  /** The envelope or the headers need SMTPUTF8 (RFC 6531). */
  readonly smtpUtf8?: true;
  /** RET of the MAIL command (RFC 3461, 4.3). */
  readonly dsnReturn?: 'FULL' | 'HDRS';
  /** ENVID of the MAIL command, still in xtext (RFC 3461, 4.4). */
  readonly dsnEnvelopeId?: string;
  /** The Message-ID header's value, for finding a mail by it. */
  readonly messageId?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Trace context of the door (W3C Trace Context, 3.2); present where traces are told. */
  readonly traceparent?: string;
}

export interface TicketRecipient {
  /** Forward path (RFC 5321, 4.1.1.3) without the angle brackets. */
  readonly address: string;
  /** NOTIFY of the RCPT command: NEVER, or a comma-separated list of SUCCESS, FAILURE, DELAY (RFC 3461, 4.1). */
  readonly dsnNotify?: string;
  /** ORCPT of the RCPT command, still in xtext (RFC 3461, 4.2). */
  readonly dsnOriginal?: string;
}

export interface ChunkedBody {
  /** How many chunks, numbered from 0. */
  readonly count: number;
  /** SHA-256 of the whole body, hex. */
  readonly digest: string;
}

/** Where a mail's entry lies. The body, unless it is chunked, is the entry's payload. */
export type Place = { readonly kind: 'log'; readonly lane: Lane; readonly sequence: number } | { readonly kind: 'wait'; readonly sequence: number };

/** Mail that is due further off than this is accepted straight into WAIT, so that it does not pin a log. */
export const farOffMs = 5 * 60_000;

/** How far ahead mail can be scheduled. */
export const horizonMs = 366 * 24 * 3_600_000;

/** The server refuses headers above 64 KiB; what does not fit here is refused at the door. */
export const maxTicketBytes = 48 * 1024;

/** The partition that an id names: its last byte. */
export function partitionOf(id: string): number {
  return Number.parseInt(id.slice(-2), 16);
}

/** The id with its last byte, random in a UUIDv7, replaced by the partition: whoever sees an id knows where its mail lies. */
export function idInPartition(uuid: string, partition: number): string {
  return uuid.slice(0, -2) + partition.toString(16).padStart(2, '0');
}

/** One line of ASCII: NATS headers are no place for raw UTF-8 or line ends. */
export function encodeTicket(ticket: Ticket): string {
  return JSON.stringify(ticket).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function decodeTicket(text: string): Ticket {
  return JSON.parse(text) as Ticket;
}

/** The ticket, or undefined when this is none: whatever can publish to the streams could have written it. */
export function readTicket(text: string | undefined): Ticket | undefined {
  if (text === undefined) return undefined;
  try {
    const ticket = decodeTicket(text);
    return isWhole(ticket) ? withSharedTenant(ticket) : undefined;
  } catch {
    return undefined;
  }
}

/** Tenants that a million tickets name: each ticket with a text of its own would cost memory, and its hash at every look into a table. */
const tenants = new Map<string, string>();
const mostSharedTenants = 10_000;

function withSharedTenant(ticket: Ticket): Ticket {
  const known = tenants.get(ticket.tenant);
  if (known === undefined && tenants.size < mostSharedTenants) tenants.set(ticket.tenant, ticket.tenant);
  return Object.assign(ticket, { tenant: known ?? ticket.tenant });
}

function isWhole(ticket: Partial<Ticket> | null): boolean {
  const texts = [ticket?.id, ticket?.tenant, ticket?.from, ticket?.lane];
  const numbers = [ticket?.acceptedAt, ticket?.size];
  const recipients = ticket?.recipients;
  return (
    texts.every((text) => typeof text === 'string') &&
    isLane(String(ticket?.lane)) &&
    (ticket?.furtherLane === undefined || typeof ticket.furtherLane === 'string') &&
    numbers.every(Number.isFinite) &&
    Array.isArray(recipients) &&
    recipients.length > 0 &&
    recipients.every((recipient: unknown) => typeof (recipient as Partial<TicketRecipient> | null)?.address === 'string')
  );
}
