import { domainOf } from './domain.ts';
import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import { steadyAcceptance } from './filing.ts';
import { jitterOf } from './jitter.ts';
import type { Reply } from './journal.ts';
import type { Mail } from './mail.ts';
import type { Reason } from './reason.ts';
import { record } from './recording.ts';
import { classifyReply, type ReplyClass } from './reply-class.ts';
import { hintedWaitMs } from './retry-hint.ts';
import { nextTry, type NextTry } from './retry-plan.ts';
import type { Refusal } from './retry-rules.ts';
import type { Attempt } from './sender-table.ts';

/** An attempt that has ended. */
export type Ended = Pick<Attempt, 'id' | 'mail' | 'upstream'>;

/** What came back instead of a delivery: no for now (4xx), no for good (5xx), or nothing that one could rely on. */
export interface Answer {
  readonly kind: 'transient' | 'final' | 'in doubt';
  readonly reply: Reply;
}

/** Where the reason says more than that the upstream deferred. */
const reasons: Partial<Record<ReplyClass, Reason>> = {
  greylisted: 'UPSTREAM_GREYLISTED',
  rate_limited: 'UPSTREAM_RATE_LIMITED',
  mailbox_full: 'MAILBOX_FULL',
};

/**
 * To be tried again when the policy says, or a dead letter when it allows no more: nothing else spends a retry. Recipients of one attempt may have spent
 * different numbers of them, and their domains may have different policies.
 */
export function postpone(state: EngineState, attempt: Ended, recipients: readonly number[], answer: Answer, now: Instant): void {
  const { kind, reply } = answer;
  const replyClass = classifyReply(reply).class;
  const reason = kind === 'in doubt' ? 'IN_DOUBT' : (reasons[replyClass] ?? 'UPSTREAM_DEFERRED');
  const judge = judgeOf(state, attempt, { class: replyClass, final: kind === 'final' }, hintedWaitMs(reply.text), now);
  const verdicts = new Map(recipients.map((recipient) => [recipient, judge(recipient)]));
  for (const group of Map.groupBy(recipients, (recipient) => keyOf(verdicts.get(recipient))).values()) {
    const verdict = verdicts.get(group[0] ?? 0);
    if (verdict?.kind === 'at')
      record(state, attempt.mail, { kind: 'deferred', ...about(attempt, group, now), reason, reply, due: verdict.due, ...skewOf(state) });
    else fail(state, attempt, group, verdict?.kind === 'refused' ? 'UPSTREAM_REJECTED' : 'RETRIES_EXHAUSTED', reply, now);
  }
}

type Judge = (recipient: number) => NextTry;

function judgeOf(
  state: EngineState,
  { mail, upstream }: Ended,
  refused: Pick<Refusal, 'class' | 'final'>,
  hintMs: number | null,
  now: Instant,
): Judge {
  const lane = mail.lane.name;
  const { id, tenant, recipients, due = 0 } = mail.ticket;
  const since = Math.max(steadyAcceptance(state.clock, mail) + state.clock.skewMs, due);
  return (recipient) => {
    const spent = spentAfter(mail, recipient);
    const refusal = { ...refused, lane, tenant, upstream, domain: domainOf(recipients[recipient]?.address ?? '') };
    return nextTry(state.policy.retry, refusal, { spent, hintMs, jitter: jitterOf(id, spent), since, now: now.wall });
  };
}

/** A retry waits for a while, however the wall clock is set meanwhile. */
export function skewOf({ clock: { skewMs } }: EngineState): { readonly skewMs?: number } {
  return skewMs === 0 ? noSkew : { skewMs };
}

const noSkew = {};

function keyOf(verdict: NextTry | undefined): number | string {
  return verdict?.kind === 'at' ? verdict.due : String(verdict?.kind);
}

function spentAfter(mail: Mail, recipient: number): number {
  const before = mail.states[recipient];
  return before ? before.attempts + (before.kind === 'sending' ? 1 : 0) : 0;
}

export function fail(
  state: EngineState,
  attempt: Pick<Attempt, 'id' | 'mail'>,
  recipients: readonly number[],
  reason: Reason,
  reply: Reply,
  now: Instant,
): void {
  record(state, attempt.mail, { kind: 'failed', ...about(attempt, recipients, now), tenant: attempt.mail.ticket.tenant, reason, reply });
}

export function about({ id, mail }: Pick<Attempt, 'id' | 'mail'>, recipients: readonly number[], now: Instant) {
  return { at: now.wall, id: mail.ticket.id, attempt: id, recipients };
}
