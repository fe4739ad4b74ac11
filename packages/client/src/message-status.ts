import { durationMs, timestampDate, type Timestamp } from '@bufbuild/protobuf/wkt';
import {
  AttemptOutcome,
  MessageState,
  Reason,
  RecipientState,
  ReplyClass,
  type Attempt,
  type Intervention,
  type Message,
  type Recipient,
  type Reply,
} from '@posthaste/protocol';
import { laneNameOf, type LaneName } from './lane-name.ts';
import { withProto, type WithProto } from './with-proto.ts';
import { nameOf, wordOf, type Word } from './word.ts';

/** What the states of a message's recipients come to. */
export type MessageStateName = Word<typeof MessageState>;
/** Where one recipient stands. */
export type RecipientStateName = Word<typeof RecipientState>;
/** What came of one attempt. */
export type AttemptOutcomeName = Word<typeof AttemptOutcome>;
/** Why a recipient waits or failed, in the words that operators see. */
export type ReasonName = Exclude<keyof typeof Reason, 'UNSPECIFIED'>;
/** What kind of refusal a reply is. */
export type ReplyClassName = Exclude<keyof typeof ReplyClass, 'UNSPECIFIED'>;

/** Where a message is, and why it is not there yet. */
export interface MessageStatus extends WithProto<Message> {
  readonly id: string;
  readonly state: MessageStateName;
  /** Whether the state will not change any more. */
  readonly final: boolean;
  readonly tenant: string;
  readonly lane: LaneName;
  /** Reverse path; empty for the null sender. */
  readonly from: string;
  readonly recipients: readonly RecipientStatus[];
  readonly acceptedAt: Date | undefined;
  /** Not before this time; undefined: at once. */
  readonly sendAt: Date | undefined;
  /** Useful until this time; undefined: for ever. */
  readonly deadline: Date | undefined;
  /** Bytes of the raw message. */
  readonly sizeBytes: number;
  /** Its Message-ID header; undefined when it is not known. */
  readonly messageIdHeader: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** One address of a message. */
export interface RecipientStatus {
  readonly address: string;
  readonly state: RecipientStateName;
  /** Why it waits or failed; undefined when there is nothing to say. */
  readonly reason: ReasonName | undefined;
  /** When the next attempt is due, if that lies ahead. */
  readonly dueAt: Date | undefined;
  /** Attempts spent. */
  readonly attemptCount: number;
  /** What an upstream said last. */
  readonly lastReply: SmtpReply | undefined;
  /** Oldest first, the last 20; empty in lists. */
  readonly attempts: readonly AttemptStatus[];
  readonly changedAt: Date | undefined;
  /** Who holds or cancelled it, and why; undefined unless it is held or cancelled. */
  readonly intervention: InterventionStatus | undefined;
}

/** What an operator did; `policy` as the author: a setting did it. */
export interface InterventionStatus {
  readonly author: string;
  readonly comment: string;
  readonly at: Date | undefined;
}

/** One try to deliver to a recipient. */
export interface AttemptStatus {
  readonly id: string;
  readonly upstream: string;
  readonly sender: string;
  readonly startedAt: Date | undefined;
  /** Undefined while it is under way. */
  readonly endedAt: Date | undefined;
  readonly outcome: AttemptOutcomeName;
  readonly reason: ReasonName | undefined;
  readonly reply: SmtpReply | undefined;
  /** Milliseconds from the begin of the transaction to its final reply. */
  readonly tookMs: number | undefined;
}

/** An SMTP reply (RFC 5321, 4.2). */
export interface SmtpReply {
  /** Three digits; 0 when there was none, only an error. */
  readonly code: number;
  /** Such as `4.2.2` (RFC 3463); empty when there was none. */
  readonly enhancedCode: string;
  readonly text: string;
  /** What kind of refusal it is; undefined for a positive reply, and for Posthaste's own words. */
  readonly replyClass: ReplyClassName | undefined;
}

const underWay: ReadonlySet<MessageState> = new Set([
  MessageState.UNSPECIFIED,
  MessageState.QUEUED,
  MessageState.HELD,
  MessageState.SENDING,
  MessageState.IN_DOUBT,
]);

/** Whether it will not change any more. A state newer than this package is taken for one that will. */
export function isFinal(state: MessageState): boolean {
  return wordOf(MessageState, state) !== 'unknown' && !underWay.has(state);
}

export function messageStatus(message: Message): MessageStatus {
  return withProto(
    {
      id: message.id,
      state: wordOf(MessageState, message.state),
      final: isFinal(message.state),
      tenant: message.tenant,
      lane: laneNameOf(message),
      from: message.from,
      recipients: message.recipients.map(recipientStatus),
      acceptedAt: dateOf(message.acceptedAt),
      sendAt: dateOf(message.sendAt),
      deadline: dateOf(message.deadline),
      sizeBytes: Number(message.sizeBytes),
      messageIdHeader: message.messageIdHeader === '' ? undefined : message.messageIdHeader,
      tags: { ...message.tags },
    },
    message,
  );
}

export function dateOf(timestamp: Timestamp | undefined): Date | undefined {
  return timestamp && timestampDate(timestamp);
}

function recipientStatus(recipient: Recipient): RecipientStatus {
  return {
    address: recipient.address,
    state: wordOf(RecipientState, recipient.state),
    reason: nameOf(Reason, recipient.reason),
    dueAt: dateOf(recipient.dueAt),
    attemptCount: recipient.attemptCount,
    lastReply: recipient.lastReply && smtpReply(recipient.lastReply),
    attempts: recipient.attempts.map(attemptStatus),
    changedAt: dateOf(recipient.changedAt),
    intervention: recipient.intervention && interventionStatus(recipient.intervention),
  };
}

function interventionStatus({ author, comment, at }: Intervention): InterventionStatus {
  return { author, comment, at: dateOf(at) };
}

function attemptStatus(attempt: Attempt): AttemptStatus {
  return {
    id: attempt.id,
    upstream: attempt.upstream,
    sender: attempt.sender,
    startedAt: dateOf(attempt.startedAt),
    endedAt: dateOf(attempt.endedAt),
    outcome: wordOf(AttemptOutcome, attempt.outcome),
    reason: nameOf(Reason, attempt.reason),
    reply: attempt.reply && smtpReply(attempt.reply),
    tookMs: attempt.took && durationMs(attempt.took),
  };
}

function smtpReply({ code, enhancedCode, text, replyClass }: Reply): SmtpReply {
  return { code, enhancedCode, text, replyClass: nameOf(ReplyClass, replyClass) };
}
