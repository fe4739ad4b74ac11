import type { Lane } from '@posthaste/core';
import type { Client, Protocol } from '../submission.ts';

export interface TraceFacts {
  readonly id: string;
  readonly protocol: Protocol;
  readonly smtpUtf8: boolean;
  readonly client: Client | undefined;
  readonly hostname: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** MT-PRIORITY of MAIL. */
  readonly priority?: number | undefined;
  /** The most urgent lane that the message may have. */
  readonly maxLane?: Lane | undefined;
}

/**
 * The Received field (RFC 5321, 4.4), with the priority that MAIL gave (RFC 6710, 4.1). No `for` clause: with Bcc it would tell what it must
 * not (RFC 5321, 7.6).
 */
export function receivedField(facts: TraceFacts): string {
  const from = facts.client ? `from ${heloWord(facts.client)} (${addressLiteral(facts.client.address)})\r\n\t` : '';
  const priority = facts.priority === undefined ? '' : ` PRIORITY ${facts.priority}`;
  return `Received: ${from}by ${facts.hostname} (Posthaste) with ${withWord(facts)} id ${facts.id}${priority};\r\n\t${dateTime(facts.now)}\r\n`;
}

export function dateField(now: number): string {
  return `Date: ${dateTime(now)}\r\n`;
}

export function generatedMessageId(id: string, hostname: string): string {
  return `<${id}@${hostname}>`;
}

/** Transmission types as registered: SMTPUTF8 has names of its own (RFC 6531, 4.3). */
function withWord({ protocol, smtpUtf8 }: TraceFacts): string {
  return smtpUtf8 && protocol.startsWith('ESMTP') ? `UTF8SMTP${protocol.slice(5)}` : protocol;
}

/** The client chose this word: what is neither a domain nor an address literal is not repeated. */
function heloWord({ helo, address }: Client): string {
  return helo !== undefined && /^[\w.:[\]-]{1,255}$/.test(helo) ? helo : addressLiteral(address);
}

/** RFC 5321, 4.1.3. */
function addressLiteral(address: string): string {
  return address.includes(':') ? `[IPv6:${address}]` : `[${address}]`;
}

let lastSecond = -1;
let lastText = '';

/** RFC 5322, 3.3, in UTC; the same text serves a whole second. */
function dateTime(now: number): string {
  const second = Math.floor(now / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = new Date(now).toUTCString().replace('GMT', '+0000');
  }
  return lastText;
}
