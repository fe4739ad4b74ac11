import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, durationMs } from '@bufbuild/protobuf/wkt';
import type { Attempt, AttemptOutcome, Credit, Hello, Input, OutcomeKind, Reply } from '@posthaste/core';
import {
  DispatchResponseSchema,
  Outcome,
  type AttemptOutcome as WireOutcome,
  type DispatchRequest,
  type DispatchResponse,
  type Credit as WireCredit,
  type Hello as WireHello,
  type Reply as WireReply,
} from '@posthaste/protocol/dispatch';
import { mailStream, waitStream } from '@posthaste/stream';

/** Between the dispatch protocol's messages and the engine's inputs and effects. */

/** About; gRPC refuses messages above 4 MiB. */
const maxBatchBytes = 512 * 1024;

/** What a request says to the engine; undefined for a request of no known kind. */
export function toInput(sender: string, { said }: DispatchRequest): Input | undefined {
  switch (said.case) {
    case 'hello':
      return readHello(said.value);
    case 'heartbeat':
      return { kind: 'heartbeat', sender };
    case 'credit':
      return { kind: 'credit', sender, ...readCredit(said.value) };
    case 'begun':
      return { kind: 'begun', sender, attempts: said.value.attemptIds };
    case 'report':
      return { kind: 'reported', sender, outcomes: said.value.outcomes.map(readOutcome) };
    case 'checked': {
      const { upstream, usable, reply } = said.value;
      return { kind: 'checked', sender, upstream, ok: usable, trouble: reply?.text ?? '' };
    }
    case 'written':
      return { kind: 'written', sender, attempts: said.value.attempts.map(({ attemptId, ageMs }) => ({ attempt: attemptId, ageMs })) };
    default:
      return undefined;
  }
}

function readHello(hello: WireHello): Hello {
  return {
    kind: 'hello',
    sender: hello.senderId,
    held: hello.held.map(({ attemptId, begun }) => ({ attempt: attemptId, begun })),
    outcomes: hello.outcomes.map(readOutcome),
    credits: hello.credits.map(readCredit),
  };
}

function readCredit({ upstream, window, connections, allotment }: WireCredit): Credit {
  return { upstream, window, connections, allotment: Number(allotment) };
}

function readOutcome(outcome: WireOutcome): AttemptOutcome {
  return {
    attempt: outcome.attemptId,
    id: outcome.messageId,
    tookMs: outcome.took && durationMs(outcome.took),
    recipients: outcome.recipients.map((group) => ({
      recipients: group.recipients,
      outcome: outcomeKinds[group.outcome] ?? 'inDoubt',
      reply: readReply(group.reply),
    })),
  };
}

/** An outcome that a newer sender may know and we do not is taken for the one that loses nothing: in doubt. */
const outcomeKinds: Readonly<Record<number, OutcomeKind>> = {
  [Outcome.DELIVERED]: 'delivered',
  [Outcome.DEFERRED]: 'deferred',
  [Outcome.BOUNCED]: 'bounced',
  [Outcome.IN_DOUBT]: 'inDoubt',
  [Outcome.UPSTREAM_DOWN]: 'upstreamDown',
  [Outcome.DRAINING]: 'draining',
  [Outcome.TOO_LATE]: 'tooLate',
  [Outcome.BODY_UNAVAILABLE]: 'bodyUnavailable',
  [Outcome.BODY_LOST]: 'bodyLost',
  [Outcome.UPSTREAM_LACKS_EXTENSION]: 'upstreamLacksExtension',
};

function readReply(reply: WireReply | undefined): Reply {
  if (!reply) return { code: 0, text: 'no reply was reported' };
  const { code, enhancedCode, text } = reply;
  return enhancedCode === '' ? { code, text } : { code, enhanced: enhancedCode, text };
}

type Said = NonNullable<MessageInitShape<typeof DispatchResponseSchema>['said']>;

export function say(said: Said): DispatchResponse {
  return create(DispatchResponseSchema, { said });
}

export function welcomeMessage(epoch: number, senderLeaseMs: number, mono: number): DispatchResponse {
  return say({ case: 'welcome', value: { epoch: BigInt(epoch), lease: durationFromMs(senderLeaseMs), clock: readingOf(mono) } });
}

export function heartbeatMessage(mono: number): DispatchResponse {
  return say({ case: 'heartbeat', value: { clock: readingOf(mono) } });
}

/** Of a monotonic clock, to the millisecond below: an attempt is never useful for longer than it is. */
function readingOf(mono: number) {
  return durationFromMs(Math.floor(mono));
}

/** How long a mail is useful from now on, milliseconds; undefined for ever. */
export type UsefulFor = (mail: Attempt['mail']) => number | undefined;

/** What of a batch depends on when it is written. */
export interface Writing {
  /** Monotonic. */
  readonly mono: number;
  readonly usefulForMs: UsefulFor;
}

/** In order, in batches bounded by count and by bytes of the envelopes. */
export function batchMessages(
  partition: number,
  epoch: number,
  attempts: readonly Attempt[],
  maxAttempts: number,
  writing: Writing,
): DispatchResponse[] {
  const batches: Attempt[][] = [];
  let bytes = Infinity;
  for (const attempt of attempts) {
    const size = envelopeBytes(attempt);
    const batch = batches.at(-1);
    if (batch && batch.length < maxAttempts && bytes + size <= maxBatchBytes) {
      batch.push(attempt);
      bytes += size;
    } else {
      batches.push([attempt]);
      bytes = size;
    }
  }
  return batches.map((batch) => batchMessage(partition, epoch, batch, writing));
}

function batchMessage(partition: number, epoch: number, batch: readonly Attempt[], { mono, usefulForMs }: Writing): DispatchResponse {
  const isTimed = batch.some(({ mail }) => mail.ticket.deadline !== undefined);
  const attempts = batch.map((attempt) => attemptMessage(partition, attempt, usefulForMs));
  return say({ case: 'batch', value: { epoch: BigInt(epoch), attempts, ...(isTimed && { clock: readingOf(mono) }) } });
}

/** A recipient weighs about its address and ORCPT; everything else of an attempt is small. */
function envelopeBytes({ mail, recipients }: Attempt): number {
  const ofRecipient = (index: number) => {
    const recipient = mail.ticket.recipients[index];
    return 20 + (recipient?.address.length ?? 0) + (recipient?.dsnOriginal?.length ?? 0);
  };
  return recipients.reduce((sum, index) => sum + ofRecipient(index), 300);
}

function attemptMessage(partition: number, { id, mail, recipients, upstream, metering }: Attempt, usefulForMs: UsefulFor) {
  const { ticket, place } = mail;
  return {
    attemptId: id,
    messageId: ticket.id,
    upstream,
    from: ticket.from,
    recipients: recipients.map((index) => recipientMessage(mail.ticket.recipients[index], index)),
    body: {
      stream: place.kind === 'wait' ? waitStream(partition) : mailStream(partition, place.lane),
      sequence: BigInt(place.sequence),
      size: BigInt(ticket.size),
      chunks: ticket.chunked?.count ?? 0,
      digest: ticket.chunked?.digest ?? '',
    },
    eightBit: ticket.eightBit ?? false,
    smtpUtf8: ticket.smtpUtf8 ?? false,
    dsnReturn: ticket.dsnReturn ?? '',
    dsnEnvelopeId: ticket.dsnEnvelopeId ?? '',
    lane: mail.lane.name,
    traceparent: ticket.traceparent ?? '',
    limited: metering !== undefined,
    ...(ticket.deadline === undefined ? {} : { usefulFor: durationFromMs(Math.floor(usefulForMs(mail) ?? 0)) }),
  };
}

function recipientMessage(recipient: Attempt['mail']['ticket']['recipients'][number] | undefined, index: number) {
  const { address = '', dsnNotify = '', dsnOriginal = '' } = recipient ?? {};
  return { index, address, dsnNotify, dsnOriginal };
}
