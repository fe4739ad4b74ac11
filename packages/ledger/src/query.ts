import type { MessageState } from '@posthaste/core';
import { upstreamIdsOf } from './intake.ts';
import type { MessageRecord } from './record.ts';
import { bareMessageId, domainOf, wordOf, type Word } from './words.ts';

/** What a list is narrowed to; what is absent does not narrow it. */
export interface MessageFilter {
  readonly states?: readonly MessageState[];
  /** By their names. */
  readonly lanes?: readonly string[];
  readonly tenant?: string;
  /** Tried there last. */
  readonly upstream?: string;
  /** Milliseconds since the epoch. */
  readonly acceptedAfter?: number;
  /** Milliseconds since the epoch, exclusive. */
  readonly acceptedBefore?: number;
  /** Whole, or `@domain`; in any case. */
  readonly recipient?: string;
  /** Whole, or `@domain`; in any case. */
  readonly from?: string;
  /** With or without the angle brackets. */
  readonly messageId?: string;
  readonly upstreamId?: string;
}

/** The word that narrows the list most; undefined when none is asked for. */
export function wordAskedFor({ upstreamId, messageId, recipient, from }: MessageFilter): Word | undefined {
  if (upstreamId !== undefined) return wordOf('upstreamId', upstreamId);
  if (messageId !== undefined) return wordOf('messageId', bareMessageId(messageId));
  const address = [recipient, from].find((wanted) => wanted !== undefined && !isDomain(wanted)) ?? recipient ?? from;
  if (address === undefined) return undefined;
  const kind = address === recipient ? 'recipient' : 'from';
  return isDomain(address) ? wordOf(`${kind}Domain`, address.slice(1).toLowerCase()) : wordOf(kind, address.toLowerCase());
}

/** Whether a mail has the words that are asked for: an index by words may name others too. */
export function hasWords({ ticket, recipients }: MessageRecord, { recipient, from, messageId, upstreamId }: MessageFilter): boolean {
  return (
    (recipient === undefined || ticket.recipients.some(({ address }) => isAddress(address, recipient))) &&
    (from === undefined || isAddress(ticket.from, from)) &&
    (messageId === undefined || bareMessageId(ticket.messageId ?? '') === bareMessageId(messageId)) &&
    (upstreamId === undefined || upstreamIdsOf(recipients).has(upstreamId))
  );
}

function isDomain(wanted: string): boolean {
  return wanted.startsWith('@');
}

function isAddress(address: string, wanted: string): boolean {
  const [given, asked] = [address.toLowerCase(), wanted.toLowerCase()];
  return isDomain(asked) ? domainOf(given) === asked.slice(1) : given === asked;
}
