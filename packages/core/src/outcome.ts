import { destinationNameOf } from './destination.ts';
import type { AttemptOutcome, Instant, OutcomeKind, RecipientOutcome } from './engine-input.ts';
import { settleDoubt } from './doubt.ts';
import type { UpstreamState } from './destination-state.ts';
import type { EngineState } from './engine-state.ts';
import { expire, file, isPastDeadline } from './filing.ts';
import type { Reply } from './journal.ts';
import type { Learning } from './learning.ts';
import type { Mail } from './mail.ts';
import { answerAsks } from './operation/asking.ts';
import type { Reason } from './reason.ts';
import { releaseSlots } from './metering.ts';
import { record } from './recording.ts';
import { about, fail, postpone, skewOf } from './refusal.ts';
import { classifyReply } from './reply-class.ts';
import type { Attempt } from './sender-table.ts';
import { afterPassedCheck, afterTrouble, afterWord, withoutProbe } from './upstream-health.ts';

/** How long a mail rests that came back for a reason of our own: long enough not to spin, short enough not to be felt. */
const restMs = 1_000;

/** `inOrder`: it came on the stream that the attempt's begin would have come on, before it. In a hello the begin may have been lost with an older stream. */
export function takeReport(state: EngineState, outcome: AttemptOutcome, now: Instant, inOrder: boolean): void {
  const attempt = state.senders.attempt(outcome.attempt);
  if (attempt) conclude(state, attempt, blameUpstream(outcome), now, inOrder && !attempt.begun && isUntried(outcome));
  else takeLateReport(state, outcome, now);
}

function isUntried({ tookMs, recipients }: AttemptOutcome): boolean {
  return tookMs === undefined && recipients.every(({ outcome }) => untried.has(outcome));
}

const untried: ReadonlySet<OutcomeKind> = new Set(['upstreamDown', 'draining', 'tooLate', 'bodyUnavailable']);

/** A refused login is the set-up's trouble, whichever command it was refused to, and never the mail's. */
function blameUpstream(outcome: AttemptOutcome): AttemptOutcome {
  if (!outcome.recipients.some(isLoginRefused)) return outcome;
  const recipients = outcome.recipients.map((group) => (isLoginRefused(group) ? { ...group, outcome: 'upstreamDown' as const } : group));
  return { ...outcome, recipients };
}

function isLoginRefused({ outcome, reply }: RecipientOutcome): boolean {
  return (outcome === 'deferred' || outcome === 'bounced') && classifyReply(reply).class === 'authentication';
}

/** The attempt has ended; each of its recipients gets its next state. `isUntouched`: MAIL FROM was certainly never written. */
export function conclude(state: EngineState, attempt: Attempt, outcome: AttemptOutcome, now: Instant, isUntouched = false): void {
  state.senders.remove(attempt);
  if (attempt.metering) releaseSlots(state, attempt, isUntouched, now);
  noteHealth(state, attempt, outcome, now);
  settleRecipients(state, attempt, outcome, now);
  const { mail } = attempt;
  if (state.asks.size > 0) answerAsks(state, attempt, now);
  if (mail.open > 0 && isPastDeadline(state, mail, now)) expire(state, mail, now);
  if (mail.open > 0) file(state, mail, now);
}

/** Each recipient of the attempt once; those that were not spoken of are given back. */
function settleRecipients(state: EngineState, attempt: Attempt, outcome: AttemptOutcome, now: Instant): void {
  const [first] = outcome.recipients;
  // The usual case, for which no lists are made.
  if (first && attempt.recipients.length === 1 && first.recipients.length === 1 && first.recipients[0] === attempt.recipients[0]) {
    return settleGroup(state, attempt, first, outcome.tookMs, now);
  }
  const left = new Set(attempt.recipients);
  for (const group of outcome.recipients) {
    const recipients = group.recipients.filter((recipient) => left.delete(recipient));
    if (recipients.length > 0) settleGroup(state, attempt, { ...group, recipients }, outcome.tookMs, now);
  }
  if (left.size > 0) giveBack(state, attempt, [...left], 'SENDER_GONE', now);
}

/** The sender went away with this attempt in its hands: what it had begun is in doubt, what it had not is ready again. */
export function abandon(state: EngineState, attempt: Attempt, now: Instant): void {
  const reply = ownReply('the sender went away before it reported an outcome');
  const { id, mail, recipients, begun } = attempt;
  const groups: RecipientOutcome[] = begun ? [{ recipients, outcome: 'inDoubt', reply }] : [];
  conclude(state, attempt, { attempt: id, id: mail.ticket.id, recipients: groups }, now);
}

/** A report of an attempt that was given up: its success still counts where nothing has happened since. */
function takeLateReport(state: EngineState, outcome: AttemptOutcome, now: Instant): void {
  const mail = state.mails.get(outcome.id);
  if (!mail) return;
  for (const { recipients, outcome: kind, reply } of outcome.recipients) {
    const open = kind === 'delivered' ? recipients.filter((recipient) => canStillSucceed(mail, recipient, outcome.attempt)) : [];
    if (open.length === 0) continue;
    const { id, tenant } = mail.ticket;
    record(state, mail, { kind: 'delivered', at: now.wall, id, tenant, attempt: outcome.attempt, recipients: open, reply });
  }
}

function canStillSucceed(mail: Mail, recipient: number, attempt: string): boolean {
  const before = mail.states[recipient];
  return (before?.kind === 'queued' || before?.kind === 'inDoubt' || before?.kind === 'held') && before.attempt === attempt;
}

/** Any word of the upstream's own shows that it is there; an untried attempt that found it unusable shows the contrary. */
function noteHealth(state: EngineState, attempt: Attempt, outcome: AttemptOutcome, now: Instant): void {
  const upstream = state.upstreams.find(({ name }) => name === attempt.upstream);
  if (!upstream) return;
  if (upstream.learning) learn(state, upstream, upstream.learning, outcome, now);
  if (outcome.recipients.some((group) => wordsOfUpstream.has(group.outcome))) {
    upstream.health = afterWord(upstream.health, state.policy.breaker, now);
    upstream.concluded += 1;
    upstream.tookMs += outcome.tookMs ?? 0;
    return;
  }
  const trouble = outcome.recipients.find((group) => group.outcome === 'upstreamDown');
  if (trouble) {
    upstream.health = afterTrouble(upstream.health, state.policy.breaker, attempt.id, trouble.reply.text, now);
    if (attempt.begun) setBack(state, attempt.mail, now);
  } else upstream.health = withoutProbe(upstream.health, attempt.id);
}

/** What it had under way includes this attempt. */
function learn({ senders }: EngineState, { name, pace }: UpstreamState, learning: Learning, outcome: AttemptOutcome, now: Instant): void {
  const given = () => ({ perSecond: pace.latelyPerSecond(now.mono), atOnce: senders.underWay(name) + 1 });
  if (outcome.tookMs !== undefined) learning.observe(outcome.tookMs, given, now.mono);
  for (const { outcome: kind, reply } of outcome.recipients) {
    if (kind === 'deferred' || kind === 'upstreamDown') learning.hear(reply, given, now.mono);
  }
}

/** A sender has looked. `trouble`: what stood in the way; null when nothing did. */
export function noteCheck(state: EngineState, name: string, trouble: string | null, now: Instant): void {
  const upstream = state.upstreams.find((known) => known.name === name);
  if (!upstream) return;
  const { breaker } = state.policy;
  upstream.health = trouble === null ? afterPassedCheck(upstream.health, breaker, now) : afterTrouble(upstream.health, breaker, null, trouble, now);
}

/** It may be this very mail that breaks the connection: the next probe takes another one. What stands in a queue keeps its place there. */
function setBack(state: EngineState, mail: Mail, now: Instant): void {
  mail.setBackAt = state.clock.steady(now.wall);
  if (mail.listed === 0) mail.order = state.order += 1;
}

const wordsOfUpstream: ReadonlySet<OutcomeKind> = new Set(['delivered', 'deferred', 'bounced', 'upstreamLacksExtension']);

function settleGroup(state: EngineState, attempt: Attempt, group: RecipientOutcome, tookMs: number | undefined, now: Instant): void {
  const { recipients, outcome, reply } = group;
  switch (outcome) {
    case 'delivered':
      return deliver(state, attempt, recipients, reply, tookMs, now);
    case 'deferred':
      return postpone(state, attempt, recipients, { kind: 'transient', reply }, now);
    case 'inDoubt':
      record(state, attempt.mail, { kind: 'doubted', ...about(attempt, recipients, now), tenant: attempt.mail.ticket.tenant, reply });
      return settleDoubt(state, attempt, recipients, reply, now);
    case 'bounced':
      return postpone(state, attempt, recipients, { kind: 'final', reply }, now);
    case 'bodyLost':
      return fail(state, attempt, recipients, 'BODY_LOST', reply, now);
    case 'upstreamLacksExtension':
      return fail(state, attempt, recipients, 'UPSTREAM_LACKS_EXTENSION', reply, now);
    case 'upstreamDown':
      return giveBack(state, attempt, recipients, 'UPSTREAM_DOWN', now, reply);
    case 'draining':
      return giveBack(state, attempt, recipients, 'SENDER_DRAINING', now);
    case 'tooLate':
      return giveBack(state, attempt, recipients, 'SENDER_GONE', now, undefined, now.wall + restMs);
    case 'bodyUnavailable':
      return giveBack(state, attempt, recipients, 'BODY_UNAVAILABLE', now, reply, now.wall + restMs);
  }
}

/** Written out, because a copy of other fields would be dearer than the rest of it. */
function deliver(state: EngineState, attempt: Attempt, recipients: readonly number[], reply: Reply, tookMs: number | undefined, now: Instant): void {
  const { id, tenant } = attempt.mail.ticket;
  record(state, attempt.mail, { kind: 'delivered', at: now.wall, id, tenant, attempt: attempt.id, recipients, reply, tookMs });
}

/** A crash may have come between the doubt and what the policy makes of it. */
export function resolveDoubts(state: EngineState, mail: Mail, now: Instant): void {
  mail.states.forEach((before, recipient) => {
    if (before.kind !== 'inDoubt') return;
    const upstream = before.upstream ?? destinationNameOf(state.router, mail, recipient);
    settleDoubt(state, { id: before.attempt, mail, upstream }, [recipient], before.reply, now);
  });
}

function giveBack(
  state: EngineState,
  attempt: Attempt,
  recipients: readonly number[],
  reason: Reason,
  now: Instant,
  reply?: Reply,
  due?: number,
): void {
  const wait = due === undefined ? undefined : { due, ...skewOf(state) };
  record(state, attempt.mail, { kind: 'returned', ...about(attempt, recipients, now), reason, reply, ...wait });
}

/** Our own words in the form of a reply. */
function ownReply(text: string): Reply {
  return { code: 0, text };
}
