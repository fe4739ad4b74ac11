import { horizonMs, type LaneTable, type NamedLane } from '@posthaste/core';
import { expectedLane } from './expected-lane.ts';
import { sourceOf, type Askers, type TimeWish } from './merge-wishes.ts';
import { jsonBytes, recipientBytes, recipientRoom } from './ticket-room.ts';
import { invalid, SubmissionError } from './submission-error.ts';
import type { Cover, Envelope, Wishes } from './submission.ts';

/** A path is at most 256 octets with its brackets (RFC 5321, 4.5.3.1.3). */
const maxAddressLength = 254;
const maxTags = 32;
const maxTagBytes = 12 * 1024;

/** Throws a SubmissionError when the envelope or the tenant cannot be taken. */
export function checkCover({ envelope, tenant = 'default' }: Cover, maxRecipients: number): void {
  checkSender(envelope.from);
  checkRecipients(envelope, maxRecipients);
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(tenant)) throw invalid('INVALID_TENANT', 'tenant', tenant, '1 to 64 letters, digits, "-" or "_"');
}

/** Addresses go into SMTP commands and headers later on: no control characters, no angle brackets, and a length that fits a command. */
// eslint-disable-next-line no-control-regex
const unsafe = /[\x00-\x1f\x7f-\x9f<>\ufffd]/;

function checkSender(from: string): void {
  if (from.length > maxAddressLength || unsafe.test(from))
    throw invalid('INVALID_SENDER', 'sender', from, 'an address, or nothing for the null sender');
}

function checkRecipients({ recipients }: Envelope, maxRecipients: number): void {
  if (recipients.length === 0) throw invalid('INVALID_RECIPIENT', 'recipients', '', 'at least one');
  if (recipients.length > maxRecipients) throw tooManyRecipients(recipients.length, `at most ${maxRecipients}`);
  let bytes = 0;
  for (const recipient of recipients) {
    const { address } = recipient;
    if (address === '' || address.length > maxAddressLength || unsafe.test(address))
      throw invalid('INVALID_RECIPIENT', 'recipient', address, 'an address');
    bytes += recipientBytes(recipient);
  }
  if (bytes > recipientRoom) throw tooManyRecipients(recipients.length, `addresses of at most ${recipientRoom} bytes together`);
}

function tooManyRecipients(count: number, expected: string): SubmissionError {
  const sentence = `the message has ${count} recipients; expected ${expected}: divide them over several messages`;
  return new SubmissionError('TOO_MANY_RECIPIENTS', sentence, { field: 'recipients', came: String(count), expected });
}

export interface Timing {
  readonly due: number | undefined;
  readonly deadline: number | undefined;
  /** The deadline is a time to live: see Ticket.byAge. One that counts from a sending time ends at a time, as that one is a time. */
  readonly byAge: boolean;
}

/**
 * From wishes to times. Throws a SubmissionError.
 *
 * @param askers who may have said them
 */
export function timingOf({ due, ttlMs, deadline, byAge }: Wishes, now: number, askers?: Askers): Timing {
  const by = (wish: TimeWish) => (askers ? sourceOf(wish, askers) : '');
  const expected = 'a time at most 366 days ahead';
  if (due !== undefined && !(due - now <= horizonMs)) throw invalid('INVALID_SEND_AT', 'send-at', stamp(due), expected, by('due'));
  if (ttlMs !== undefined && !(ttlMs > 0)) throw invalid('INVALID_TTL', 'ttl', `${ttlMs}ms`, 'a duration above zero', by('ttlMs'));
  const laterDue = due !== undefined && due > now ? due : undefined;
  const begin = laterDue ?? now;
  const end = deadline ?? (ttlMs === undefined ? undefined : begin + ttlMs);
  if (end !== undefined && !(end > begin)) throw endsTooSoon(end, begin, by('deadline'), laterDue === undefined ? '' : by('due'));
  return { due: laterDue, deadline: end, byAge: laterDue === undefined && (byAge ?? (deadline === undefined && ttlMs !== undefined)) };
}

function endsTooSoon(end: number, begin: number, endBy: string, beginBy: string): SubmissionError {
  const sendAt = beginBy && `, its send-at (by ${beginBy})`;
  return invalid('INVALID_DEADLINE', 'deadline', stamp(end), `a time after ${stamp(begin)}${sendAt}`, endBy);
}

function stamp(time: number): string {
  return Number.isFinite(time) && Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time);
}

/** Throws INVALID_TAGS. The limits keep the ticket within its size. */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags);
  if (entries.length === 0) return;
  if (entries.length > maxTags) throw invalid('INVALID_TAGS', 'tags', `${entries.length} tags`, `at most ${maxTags}`);
  for (const [name, value] of entries) {
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name)) throw invalid('INVALID_TAGS', 'tag name', name, '1 to 64 letters, digits, "_", "." or "-"');
    // eslint-disable-next-line no-control-regex
    if (value.length > 256 || /[\x00-\x1f\x7f]/.test(value))
      throw invalid('INVALID_TAGS', `tag ${name}`, value, 'at most 256 characters on one line');
  }
  if (jsonBytes(tags) > maxTagBytes) throw invalid('INVALID_TAGS', 'tags', `${entries.length} tags`, `at most ${maxTagBytes} bytes together`);
}

/** Throws INVALID_LANE. */
export function laneOf({ lane = 'normal' }: Wishes, lanes: LaneTable): NamedLane {
  const named = lanes.named(lane);
  if (!named) throw invalid('INVALID_LANE', 'lane', lane, expectedLane(lane, lanes));
  return named;
}
