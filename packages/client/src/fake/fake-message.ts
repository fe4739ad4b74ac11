import { create } from '@bufbuild/protobuf';
import { durationMs, timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import {
  AttemptOutcome,
  AttemptSchema,
  MessageSchema,
  MessageState,
  Reason,
  RecipientState,
  ReplyClass,
  ReplySchema,
  type Message,
  type Recipient,
  type SubmitRequest,
} from '@posthaste/protocol';
import type { FakeLane } from './fake-lanes.ts';

/** What a fake upstream answers one attempt: it takes the mail, answers 4xx (and is asked again at once, ten times at most), or answers 5xx. */
export interface FakeEnd {
  readonly kind: 'deliver' | 'defer' | 'fail';
  /** Of its reply. Default: 250, 451, 550. */
  readonly code?: number;
  /** Of its reply. */
  readonly text?: string;
}

/** `wait`: nothing happens until the test calls `settle`. */
export type FakeOutcome = FakeEnd | { readonly kind: 'wait' };

export const defaultTenant = 'default';

export function newMessage(id: string, request: SubmitRequest, { lane, laneName }: FakeLane, nowMs: number): Message {
  const dueMs = Math.max(nowMs, request.sendAt ? timestampMs(request.sendAt) : 0);
  const deadlineMs = request.ttl && dueMs + durationMs(request.ttl);
  const waits = dueMs > nowMs && { dueAt: timestampFromMs(dueMs), reason: Reason.SCHEDULED };
  const addresses = [...request.to, ...request.cc, ...request.bcc].map(bare);
  return create(MessageSchema, {
    id,
    state: MessageState.QUEUED,
    tenant: request.tenant || defaultTenant,
    lane,
    laneName,
    from: bare(request.from),
    recipients: [...new Set(addresses)].map((address) => ({ address, state: RecipientState.QUEUED, changedAt: timestampFromMs(nowMs), ...waits })),
    acceptedAt: timestampFromMs(nowMs),
    sizeBytes: BigInt(request.raw.length === 0 ? request.text.length + request.html.length : request.raw.length),
    tags: request.tags,
    ...(request.sendAt && { sendAt: request.sendAt }),
    ...(request.deadline && { deadline: request.deadline }),
    ...(deadlineMs !== undefined && { deadline: timestampFromMs(deadlineMs) }),
  });
}

/** `local@domain` of `Name <local@domain>`. */
export function bare(address: string): string {
  return (/<([^<>]*)>\s*$/.exec(address)?.[1] ?? address).trim();
}

/** A real scheduler gives up too. */
const mostAttempts = 10;

/** One attempt and what came of it. */
export function attempt(recipient: Recipient, outcome: FakeEnd, nowMs: number, upstream: string): void {
  const at = timestampFromMs(nowMs);
  const exhausted = outcome.kind === 'defer' && recipient.attemptCount + 1 >= mostAttempts;
  const { state, attemptOutcome, reason, code, enhancedCode, text, replyClass } = ends[exhausted ? 'exhaust' : outcome.kind];
  const reply = create(ReplySchema, { code: outcome.code ?? code, enhancedCode, text: outcome.text ?? text, replyClass });
  recipient.attempts.push(
    create(AttemptSchema, {
      id: crypto.randomUUID(),
      upstream,
      sender: 'fake',
      startedAt: at,
      endedAt: at,
      outcome: attemptOutcome,
      reason,
      reply,
    }),
  );
  Object.assign(recipient, { state, reason, lastReply: reply, attemptCount: recipient.attemptCount + 1, changedAt: at, dueAt: undefined });
}

const ends = {
  deliver: {
    state: RecipientState.DELIVERED,
    attemptOutcome: AttemptOutcome.DELIVERED,
    reason: Reason.UNSPECIFIED,
    code: 250,
    enhancedCode: '2.0.0',
    text: 'Ok',
    replyClass: ReplyClass.UNSPECIFIED,
  },
  defer: {
    state: RecipientState.QUEUED,
    attemptOutcome: AttemptOutcome.DEFERRED,
    reason: Reason.UPSTREAM_DEFERRED,
    code: 451,
    enhancedCode: '4.3.0',
    text: 'later',
    replyClass: ReplyClass.TRANSIENT,
  },
  fail: {
    state: RecipientState.FAILED,
    attemptOutcome: AttemptOutcome.FAILED,
    reason: Reason.UPSTREAM_REJECTED,
    code: 550,
    enhancedCode: '5.1.1',
    text: 'no such user',
    replyClass: ReplyClass.PERMANENT,
  },
  exhaust: {
    state: RecipientState.FAILED,
    attemptOutcome: AttemptOutcome.FAILED,
    reason: Reason.RETRIES_EXHAUSTED,
    code: 451,
    enhancedCode: '4.3.0',
    text: 'later',
    replyClass: ReplyClass.TRANSIENT,
  },
} as const;

/** As the contract defines it. */
export function stateOf(recipients: readonly Recipient[]): MessageState {
  const states = new Set(recipients.map(({ state }) => state));
  if (states.has(RecipientState.QUEUED)) return MessageState.QUEUED;
  if (states.has(RecipientState.HELD)) return MessageState.HELD;
  if (states.size === 1 && states.has(RecipientState.CANCELLED)) return MessageState.CANCELLED;
  if (states.size === 1 && states.has(RecipientState.DELIVERED)) return MessageState.DELIVERED;
  return states.has(RecipientState.DELIVERED) ? MessageState.PARTLY_DELIVERED : MessageState.FAILED;
}
