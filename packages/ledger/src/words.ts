import type { Ticket } from '@posthaste/core';

/** What mail can be looked up by. */
export type WordKind = 'recipient' | 'recipientDomain' | 'from' | 'fromDomain' | 'messageId' | 'upstreamId';

/** A word as it is stored: 53 bits. Two words may share a number, so whoever finds a mail by it looks at the mail itself. */
export type Word = number;

export function wordOf(kind: WordKind, text: string): Word {
  return digest(`${kind} ${text}`);
}

/** What a mail can be found by from its acceptance on. */
export function wordsOf({ from, recipients, messageId }: Ticket): Word[] {
  const addresses = new Set(recipients.map(({ address }) => address.toLowerCase()));
  const domains = new Set([...addresses].map(domainOf));
  return [
    ...[...addresses].map((address) => wordOf('recipient', address)),
    ...[...domains].map((domain) => wordOf('recipientDomain', domain)),
    wordOf('from', from.toLowerCase()),
    wordOf('fromDomain', domainOf(from.toLowerCase())),
    ...(messageId === undefined ? [] : [wordOf('messageId', bareMessageId(messageId))]),
  ];
}

/** The part behind the last `@`; empty for the null sender. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** Without the angle brackets. */
export function bareMessageId(messageId: string): string {
  return messageId.trim().replace(/^<(.*)>$/, '$1');
}

/** Two lanes of multiply and mix, each of 32 bits, the second cut to 21: spread evenly, and cheap beside a cryptographic one. */
function digest(text: string): number {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x9e3779b1);
    high = Math.imul(high ^ code, 0x5f356495);
  }
  low = mix(low, high);
  high = mix(high, low);
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}

function mix(one: number, other: number): number {
  return Math.imul(one ^ (one >>> 16), 0x85ebca6b) ^ Math.imul(other ^ (other >>> 13), 0xc2b2ae35);
}
