import { fourLanes } from './four-lanes.ts';
import {
  encodeTicket,
  farOffMs,
  laneNameOf,
  maxTicketBytes,
  partitionOf,
  type ChunkedBody,
  type Lane,
  type LaneTable,
  type Ticket,
} from '@posthaste/core';
import {
  isStreamError,
  mailStream,
  mailSubject,
  ticketHeader,
  waitStream,
  waitSubject,
  type FillWatch,
  type Publisher,
  type Stored,
} from '@posthaste/stream';
import type { Clock } from '@posthaste/telemetry';
import { checkTags, laneOf, timingOf } from './check-cover.ts';
import type { Askers } from './merge-wishes.ts';
import type { Repeats } from './repeats.ts';
import { SubmissionError } from './submission-error.ts';
import type { Acceptance, Envelope, Wishes } from './submission.ts';

/** A message that is all here: what is missing is that it is ours. */
export interface Mail extends Askers {
  readonly id: string;
  readonly tenant: string;
  readonly envelope: Envelope;
  /** What holds of all that was asked for. */
  readonly wishes: Wishes;
  readonly size: number;
  /** The message itself, or where it lies in BODIES. */
  readonly body: Uint8Array | ChunkedBody;
  readonly eightBit: boolean;
  readonly smtpUtf8: boolean;
  readonly messageId: string;
  /** Present when it could repeat an earlier submission: the same as that one's. */
  readonly fingerprint?: string;
  readonly traceparent?: string | undefined;
}

export type Accept = (mail: Mail) => Promise<Acceptance>;

export interface AcceptOptions {
  readonly publisher: Publisher;
  readonly fill: FillWatch;
  readonly clock: Clock;
  /** Recognises repeated submissions. Absent: none is one. */
  readonly repeats?: Repeats;
  /** Default: the four. */
  readonly lanes?: LaneTable;
}

/**
 * How a mail becomes ours: one entry with ticket and body in MAIL, or, when it is due far off, in WAIT. Resolves when the stream has acknowledged
 * it, and not before. Rejects with a SubmissionError.
 */
export function createAccept({ publisher, fill, clock, repeats, lanes = fourLanes }: AcceptOptions): Accept {
  return async (mail) => {
    const ticket = ticketOf(mail, clock.now(), lanes);
    const header = encodeTicket(ticket);
    if (header.length > maxTicketBytes) throw ticketTooLarge(ticket, header.length);
    const { body, fingerprint } = mail;
    const entry = { ...placeOf(ticket), headers: { [ticketHeader]: header }, body: body instanceof Uint8Array ? body : nothing };
    const store = (messageId: string): Promise<Stored> => {
      refuseWhenFull(fill, ticket.id, ticket.lane, ticket.chunked !== undefined);
      return publisher.publish({ ...entry, messageId });
    };
    if (fingerprint !== undefined && repeats) return repeats.accept(fingerprint, acceptanceOf(ticket), store);
    await store(ticket.id);
    return acceptanceOf(ticket);
  };
}

const nothing = new Uint8Array(0);

function ticketOf(mail: Mail, now: number, lanes: LaneTable): Ticket {
  const { envelope, wishes, body } = mail;
  const { tags = {} } = wishes;
  const { written } = laneOf(wishes, lanes);
  checkTags(tags);
  const { due, deadline, byAge } = timingOf(wishes, now, mail);
  return {
    id: mail.id,
    tenant: mail.tenant,
    ...written,
    from: envelope.from,
    recipients: envelope.recipients,
    acceptedAt: now,
    ...(due !== undefined && { due }),
    ...(deadline !== undefined && { deadline }),
    ...(byAge && { byAge }),
    size: mail.size,
    ...(!(body instanceof Uint8Array) && { chunked: body }),
    ...(mail.eightBit && { eightBit: true as const }),
    ...(mail.smtpUtf8 && { smtpUtf8: true as const }),
    ...(envelope.dsnReturn && { dsnReturn: envelope.dsnReturn }),
    ...(envelope.dsnEnvelopeId && { dsnEnvelopeId: envelope.dsnEnvelopeId }),
    ...(mail.messageId.length <= maxMessageIdLength && { messageId: mail.messageId }),
    ...(Object.keys(tags).length > 0 && { tags }),
    ...(mail.traceparent !== undefined && { traceparent: mail.traceparent }),
  };
}

/** A longer one finds nothing that a shorter one would not, and takes the recipients' room. */
const maxMessageIdLength = 250;

/** Mail for much later goes straight to where it does not pin a log. */
function placeOf({ id, lane, tenant, due, acceptedAt }: Ticket): { stream: string; subject: string } {
  const partition = partitionOf(id);
  if (due !== undefined && due - acceptedAt > farOffMs) return { stream: waitStream(partition), subject: waitSubject(partition, id) };
  return { stream: mailStream(partition, lane), subject: mailSubject(partition, lane, tenant) };
}

function acceptanceOf(ticket: Ticket): Acceptance {
  const { id, tenant, size, acceptedAt, due } = ticket;
  return { id, lane: laneNameOf(ticket), tenant, size, acceptedAt, ...(due !== undefined && { due }) };
}

function ticketTooLarge({ recipients }: Ticket, bytes: number): SubmissionError {
  const sentence = `what is to be kept beside the message is ${bytes} bytes, most of it ${recipients.length} recipients; expected at most ${maxTicketBytes}`;
  return new SubmissionError('TOO_MANY_RECIPIENTS', sentence, {
    field: 'recipients',
    came: String(recipients.length),
    expected: `${maxTicketBytes} bytes`,
  });
}

export function refuseWhenFull(fill: FillWatch, id: string, lane: Lane, chunked: boolean): void {
  const full = fill.blocked(partitionOf(id), { lane, chunked });
  if (full !== null) throw fullError(full);
}

export function fullError(what: string, cause?: unknown): SubmissionError {
  return new SubmissionError('FULL', `there is no room for more mail (${what}); try again later`, { cause });
}

/** Whatever went wrong below us is ours, and worth a retry; a size that the server does not take is the submitter's. */
export function ourTrouble(error: unknown): SubmissionError {
  if (error instanceof SubmissionError) return error;
  if (isStreamError(error, 'FULL')) return fullError('storage', error);
  if (isStreamError(error, 'TOO_LARGE')) return new SubmissionError('TOO_LARGE', 'the message is larger than storage takes', { cause: error });
  return new SubmissionError('AWAY', 'storage does not answer; try again later', { cause: error });
}
