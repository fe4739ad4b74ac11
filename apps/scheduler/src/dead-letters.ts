import { maxTicketBytes, readTicket, type DeadLetter, type Mail, type RecipientState, type Revival } from '@posthaste/core';
import { ticketHeader, type StreamEntry } from '@posthaste/stream';

/** The header of a dead letter that holds its recipients' last states, as JSON, or as `encodeStates` shortens them. */
export const statesHeader = 'Posthaste-States';

/** The header of an entry in WAIT that was a dead letter: its revival, as JSON. */
export const revivalHeader = 'Posthaste-Revival';

/** Ticket and states share the header's room (the server refuses 64 KiB); the rest is for what a revival says beside them. */
const room = 58 * 1024 - maxTicketBytes;

const letters: readonly (readonly [letter: string, kind: RecipientState['kind']])[] = [
  ['d', 'delivered'],
  ['f', 'failed'],
  ['e', 'expired'],
  ['c', 'cancelled'],
];

/** When hundreds of recipients have long replies, one letter a recipient is left of their states: which of them failed is what a revival needs. */
export function encodeStates({ states }: Pick<Mail, 'states'>): string {
  const full = toAscii(JSON.stringify(states));
  return full.length <= room ? full : states.map(({ kind }) => letters.find(([, each]) => each === kind)?.[0] ?? 'f').join('');
}

/** Undefined when this is no dead letter of ours. */
export function readDeadLetter(entry: StreamEntry): Omit<DeadLetter, 'upTo'> | undefined {
  const ticket = readTicket(entry.header(ticketHeader));
  const states = ticket && readStates(entry.header(statesHeader));
  return states && states.length === ticket.recipients.length ? { ticket, sequence: entry.sequence, states } : undefined;
}

export function encodeRevival(revival: Revival): string {
  return toAscii(JSON.stringify(revival));
}

/** Undefined for mail that never was a dead letter. */
export function readRevival(entry: StreamEntry): Revival | undefined {
  const text = entry.header(revivalHeader);
  return text === undefined ? undefined : (JSON.parse(text) as Revival);
}

function readStates(text: string | undefined): readonly RecipientState[] | undefined {
  if (text === undefined) return undefined;
  if (!text.startsWith('[')) return text.split('').map(shortState);
  try {
    return JSON.parse(text) as RecipientState[];
  } catch {
    return undefined;
  }
}

const unknownReply = { code: 0, text: 'the reply was not kept' };

function shortState(letter: string): RecipientState {
  const by = { author: '', comment: '', at: 0 };
  switch (letter) {
    case 'd':
      return { kind: 'delivered', attempts: 0, reply: unknownReply };
    case 'e':
      return { kind: 'expired', attempts: 0 };
    case 'c':
      return { kind: 'cancelled', attempts: 0, by };
    default:
      return { kind: 'failed', attempts: 0, reason: 'UPSTREAM_REJECTED', reply: unknownReply };
  }
}

/** NATS headers are no place for raw UTF-8. */
function toAscii(text: string): string {
  return text.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
