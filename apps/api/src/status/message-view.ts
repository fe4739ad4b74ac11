import { create } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  classifyReply,
  decodeTicket,
  laneNameOf,
  messageStateOf,
  type Reason as ReasonName,
  type RecipientState as CoreState,
  type Reply as CoreReply,
  type ReplyClass as ReplyClassName,
  type Ticket,
} from '@posthaste/core';
import type { AttemptRecord, MessageRecord, RecipientRecord } from '@posthaste/ledger';
import {
  AttemptOutcome,
  AttemptSchema,
  MessageSchema,
  Reason,
  RecipientSchema,
  RecipientState,
  ReplyClass,
  ReplySchema,
  type Attempt,
  type Message,
  type Recipient,
  type Reply,
} from '@posthaste/protocol';
import { recipientStates } from '@posthaste/protocol/recipient-states';
import type { LookupMessageResponse, LookupRecipient } from '@posthaste/protocol/dispatch';
import { wireLanes } from '../lane-asked.ts';
import { messageStateFrom } from './message-state.ts';

const states: Readonly<Record<CoreState['kind'], RecipientState>> = recipientStates;

const outcomes: Readonly<Record<NonNullable<AttemptRecord['ended']>['outcome'], AttemptOutcome>> = {
  delivered: AttemptOutcome.DELIVERED,
  deferred: AttemptOutcome.DEFERRED,
  failed: AttemptOutcome.FAILED,
  doubted: AttemptOutcome.IN_DOUBT,
  returned: AttemptOutcome.RETURNED,
};

/** A message as the ledger knows it. */
export function messageFromRecord({ ticket, recipients }: MessageRecord, now: number): Message {
  return messageOf(
    ticket,
    recipients.map(({ state }) => state.kind),
    recipients.map((record, number) => recipientFromRecord(ticket.recipients[number]?.address ?? '', record, now)),
  );
}

/** The same in a list: without the single attempts. */
export function listedMessage({ ticket, recipients }: MessageRecord, now: number): Message {
  return messageFromRecord({ ticket, recipients: recipients.map((record) => ({ ...record, attempts: [] })) }, now);
}

/** A message as the scheduler knows it: without the single attempts. */
export function messageFromLookup({ ticketJson, recipients }: Pick<LookupMessageResponse, 'ticketJson' | 'recipients'>): Message {
  const ticket = decodeTicket(ticketJson);
  return messageOf(
    ticket,
    recipients.map(({ state }) => state).filter(isState),
    recipients.map((found, number) => recipientFromLookup(ticket.recipients[number]?.address ?? '', found)),
  );
}

function messageOf(ticket: Ticket, kinds: readonly CoreState['kind'][], recipients: Recipient[]): Message {
  return create(MessageSchema, {
    id: ticket.id,
    state: messageStateFrom(messageStateOf(kinds)),
    tenant: ticket.tenant,
    lane: wireLanes[ticket.lane],
    laneName: laneNameOf(ticket),
    from: ticket.from,
    recipients,
    acceptedAt: timestampFromMs(ticket.acceptedAt),
    ...(ticket.due === undefined ? {} : { sendAt: timestampFromMs(ticket.due) }),
    ...(ticket.deadline === undefined ? {} : { deadline: timestampFromMs(ticket.deadline) }),
    sizeBytes: BigInt(ticket.size),
    messageIdHeader: ticket.messageId ?? '',
    tags: { ...ticket.tags },
  });
}

function recipientFromRecord(address: string, { state, changedAt, attempts }: RecipientRecord, now: number): Recipient {
  const due = state.kind === 'queued' && state.due > now ? state.due : undefined;
  return create(RecipientSchema, {
    address,
    state: states[state.kind],
    reason: reasonOf(whyOf(state)),
    ...(due === undefined ? {} : { dueAt: timestampFromMs(due) }),
    attemptCount: state.attempts,
    ...(state.reply ? { lastReply: replyOf(state.reply) } : {}),
    attempts: attempts.map(attemptOf),
    changedAt: timestampFromMs(changedAt),
    ...('by' in state ? { intervention: { author: state.by.author, comment: state.by.comment, at: timestampFromMs(state.by.at) } } : {}),
  });
}

function whyOf(state: CoreState): ReasonName | undefined {
  switch (state.kind) {
    case 'queued':
    case 'held':
    case 'failed':
      return state.reason;
    case 'inDoubt':
      return 'IN_DOUBT';
    case 'expired':
      return 'EXPIRED';
    case 'cancelled':
      return 'CANCELLED_BY_OPERATOR';
    case 'delivered':
      return state.presumed ? 'IN_DOUBT' : undefined;
    case 'sending':
      return undefined;
  }
}

function attemptOf({ id, upstream, sender, startedAt, ended }: AttemptRecord): Attempt {
  const started = { id, upstream, sender, startedAt: timestampFromMs(startedAt) };
  if (!ended) return create(AttemptSchema, { ...started, outcome: AttemptOutcome.UNDER_WAY });
  return create(AttemptSchema, {
    ...started,
    endedAt: timestampFromMs(ended.at),
    outcome: outcomes[ended.outcome],
    reason: reasonOf(ended.reason),
    ...(ended.reply ? { reply: replyOf(ended.reply) } : {}),
    ...(ended.tookMs === undefined ? {} : { took: durationFromMs(Math.round(ended.tookMs)) }),
  });
}

function recipientFromLookup(address: string, { state, reason, due, attempts, lastReply, intervention }: LookupRecipient): Recipient {
  return create(RecipientSchema, {
    address,
    state: isState(state) ? states[state] : RecipientState.UNSPECIFIED,
    reason: reasonOf(reason),
    ...(due ? { dueAt: due } : {}),
    attemptCount: attempts,
    ...(lastReply ? { lastReply: replyOf({ code: lastReply.code, enhanced: lastReply.enhancedCode, text: lastReply.text }) } : {}),
    ...(intervention ? { intervention } : {}),
  });
}

function isState(word: string): word is CoreState['kind'] {
  return Object.hasOwn(states, word);
}

/** The core's reasons are the contract's, name by name. */
function reasonOf(name: string | undefined): Reason {
  return name !== undefined && Object.hasOwn(Reason, name) ? Reason[name as ReasonName] : Reason.UNSPECIFIED;
}

/** The class is not recorded: it is told from the reply, by the rules by which the scheduler told it. */
function replyOf(reply: CoreReply): Reply {
  const { code, enhanced = '', text } = reply;
  return create(ReplySchema, {
    code,
    enhancedCode: enhanced,
    text,
    replyClass: code < 400 ? ReplyClass.UNSPECIFIED : wireClasses[classifyReply(reply).class],
  });
}

const wireClasses: Readonly<Record<ReplyClassName, ReplyClass>> = {
  transient: ReplyClass.TRANSIENT,
  permanent: ReplyClass.PERMANENT,
  greylisted: ReplyClass.GREYLISTED,
  rate_limited: ReplyClass.RATE_LIMITED,
  authentication: ReplyClass.AUTHENTICATION,
  content: ReplyClass.CONTENT,
  mailbox_full: ReplyClass.MAILBOX_FULL,
  size: ReplyClass.SIZE,
};
