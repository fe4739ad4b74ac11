import type { DescEnum } from '@bufbuild/protobuf';
import { type Duration, type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';
import {
  type Attempt,
  AttemptOutcome,
  AttemptOutcomeSchema,
  type Intervention,
  LaneSchema,
  type Message,
  MessageStateSchema,
  Reason,
  ReasonSchema,
  type Recipient,
  RecipientStateSchema,
  type Reply,
  ReplyClass,
  ReplyClassSchema,
} from '@posthaste/protocol';

/** A message as a person reads it: a block for each recipient, in it a line for each attempt. */
export function describeMessage(message: Message, now: Date): string {
  const { from, lane, laneName, tenant, sizeBytes, acceptedAt, sendAt, deadline, recipients } = message;
  const facts = [
    `from ${from === '' ? '<>' : from}`,
    `lane ${laneName || inWords(LaneSchema, lane)}`,
    `tenant ${tenant}`,
    showBytes(Number(sizeBytes)),
  ];
  const times = [...showTime('accepted', acceptedAt, now), ...showTime('not before', sendAt, now), ...showTime('useful until', deadline, now)];
  const head = [`${message.id}  ${inWords(MessageStateSchema, message.state)}`, `  ${facts.join(', ')}`, `  ${times.join(', ')}`];
  return withoutControls([...head, ...recipients.flatMap((recipient) => ['', ...describeRecipient(recipient, now)])].join('\n'));
}

/** Those of attempts that count: what was given back untried does not, and what is under way does not yet. */
const spentOutcomes: ReadonlySet<AttemptOutcome> = new Set([
  AttemptOutcome.DELIVERED,
  AttemptOutcome.DEFERRED,
  AttemptOutcome.FAILED,
  AttemptOutcome.IN_DOUBT,
]);

function describeRecipient(recipient: Recipient, now: Date): string[] {
  const { address, state, reason, dueAt, attemptCount, attempts, lastReply, changedAt, intervention } = recipient;
  const all = attempts.filter(({ outcome }) => spentOutcomes.has(outcome)).length;
  const spent = `${attemptCount} ${attemptCount === 1 ? 'attempt' : 'attempts'}${all > attemptCount ? ` since it was queued again, ${all} in all` : ''}`;
  const facts = [
    inWords(RecipientStateSchema, state),
    ...showReason(reason),
    ...showIntervention(intervention),
    ...showTime('due', dueAt, now),
    spent,
    ...showTime('since', changedAt, now),
  ];
  const lines = attempts.map(describeAttempt);
  // The record of the attempts may lag behind the state by a moment; the last reply does not.
  const reply = attempts.length === 0 && lastReply ? [`last reply: ${showReply(lastReply)}${showClass(lastReply)}`] : [];
  return [`${address}  ${facts.join(', ')}`, ...[...lines, ...reply].map((line) => `  ${line}`)];
}

function describeAttempt(attempt: Attempt): string {
  const { startedAt, upstream, outcome, reason, took, reply } = attempt;
  const what = [inWords(AttemptOutcomeSchema, outcome), ...showReason(reason)].join(' ');
  return [
    startedAt ? clockTime(timestampDate(startedAt)) : '--:--:--',
    upstream,
    what,
    ...(took ? [showMs(took)] : []),
    ...(reply ? [showReply(reply) + showClass(reply)] : []),
  ].join('  ');
}

/** Where the class says more than the code, in the word that rules of the settings have for it. */
function showClass({ replyClass }: Reply): string {
  const plain = replyClass === ReplyClass.UNSPECIFIED || replyClass === ReplyClass.TRANSIENT || replyClass === ReplyClass.PERMANENT;
  return plain ? '' : ` (${(ReplyClassSchema.value[replyClass]?.localName ?? `unknown class ${replyClass}`).toLowerCase()})`;
}

/** The value's name in the contract, as words: IN_DOUBT is `in doubt`. */
export function inWords(schema: DescEnum, value: number): string {
  return (schema.value[value]?.localName ?? `unknown (${value})`).toLowerCase().replaceAll('_', ' ');
}

/** `by ann@desk: wrong price`. */
function showIntervention(intervention: Intervention | undefined): string[] {
  if (!intervention) return [];
  return [`by ${intervention.author}${intervention.comment === '' ? '' : `: ${intervention.comment}`}`];
}

/** Reasons are shown unchanged: operators search for them. */
export function showReason(reason: Reason): string[] {
  return reason === Reason.UNSPECIFIED ? [] : [ReasonSchema.value[reason]?.localName ?? `unknown reason (${reason})`];
}

export function showReply({ code, enhancedCode, text }: Pick<Reply, 'code' | 'enhancedCode' | 'text'>): string {
  return [...(code === 0 ? [] : [String(code)]), ...(enhancedCode === '' ? [] : [enhancedCode]), text.replaceAll('\n', ' / ')].join(' ');
}

export function showTime(word: string, time: Timestamp | undefined, now: Date): string[] {
  if (!time) return [];
  const at = timestampDate(time);
  return [`${word} ${calendarDay(at) === calendarDay(now) ? clockTime(at) : dayAndTime(at)} (${showDistance(at.getTime() - now.getTime())})`];
}

/** `in 5 min`, `12 s ago`. */
export function showDistance(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  const [, unit, length] = [
    [172_800, 'd', 86_400],
    [7_200, 'h', 3_600],
    [120, 'min', 60],
    [0, 's', 1],
  ].find(([from]) => seconds >= Number(from)) ?? [0, 's', 1];
  const amount = `${Math.round(seconds / Number(length))} ${unit}`;
  return ms > 0 ? `in ${amount}` : `${amount} ago`;
}

function showMs({ seconds, nanos }: Duration): string {
  return `${Math.round(Number(seconds) * 1000 + nanos / 1e6)} ms`;
}

function showBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** Here, with the offset that holds here then. */
export function dayAndTime(at: Date): string {
  const east = -at.getTimezoneOffset();
  const [hours, minutes] = [Math.floor(Math.abs(east) / 60), Math.abs(east) % 60].map((part) => String(part).padStart(2, '0'));
  return `${calendarDay(at)} ${clockTime(at)}${east < 0 ? '-' : '+'}${hours}:${minutes}`;
}

function calendarDay(at: Date): string {
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}

export function clockTime(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** Replies and addresses come from strangers: nothing in them may steer the terminal. */
export function withoutControls(text: string): string {
  return text.replace(/(?!\n)\p{Cc}/gu, '\ufffd');
}
