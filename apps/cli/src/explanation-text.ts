import { durationMs } from '@bufbuild/protobuf/wkt';
import {
  type ExplainMessageResponse,
  type Gate,
  LaneSchema,
  MessageStateSchema,
  type RecipientExplanation,
  RecipientStateSchema,
} from '@posthaste/protocol';
import { formatDuration } from '@posthaste/config';
import { inWords, showReason, showReply, showTime, withoutControls } from './message-text.ts';

/** Why a mail is not there yet, as a person reads it: a block for each recipient, in it a line for each gate. */
export function describeExplanation({ message, recipients }: ExplainMessageResponse, now: Date): string {
  const head = `${message?.id ?? ''}  ${inWords(MessageStateSchema, message?.state ?? 0)}`;
  return withoutControls([head, ...recipients.flatMap((recipient) => ['', ...describeRecipient(recipient, now)])].join('\n'));
}

function describeRecipient({ address, state, gates, estimatedAt, upstreams }: RecipientExplanation, now: Date): string[] {
  const facts = [
    inWords(RecipientStateSchema, state),
    ...(upstreams.length > 0 ? [`by ${upstreams.join(' or ')}`] : []),
    ...(gates.length > 0 ? (estimatedAt ? showTime('goes about', estimatedAt, now) : ['nobody can say when it goes']) : []),
  ];
  return [`${address}  ${facts.join(', ')}`, ...gates.map((gate, index) => `  ${index === 0 ? 'now ' : 'then'}  ${describeGate(gate, now)}`)];
}

function describeGate(gate: Gate, now: Date): string {
  const { reason, since, until } = gate;
  return [...showReason(reason), ...detail(gate), ...showTime('since', since, now), ...showTime('until', until, now)].join(', ');
}

function detail({ detail: { case: kind, value } }: Gate): string[] {
  switch (kind) {
    case 'place': {
      const pace = value.perSecond === 0 ? 'none went in the last minute' : `${round(value.perSecond)} go each second`;
      return [`${value.aheadCount} before it in lane ${value.laneName || inWords(LaneSchema, value.lane)}`, pace];
    }
    case 'limit': {
      const span = value.window ? ` in ${formatDuration(durationMs(value.window))}` : ' at once';
      const share = value.configuredLimit === 0n ? [] : [`${value.limit} of these are its partition's share`];
      const limit = share.length === 0 ? value.limit : value.configuredLimit;
      return [`${value.scope} takes ${limit}${span}${value.learned ? ' (learned)' : ''}`, ...share, `${value.usedCount} used`];
    }
    case 'outage':
      return [`${value.upstream}: ${value.trouble}`];
    case 'operator':
      return [
        `by ${value.author === '' ? 'an operator' : value.author}${value.reason === '' ? '' : `: ${value.reason}`}`,
        ...(value.suspensionId === '' ? [] : [`suspension ${value.suspensionId}`]),
      ];
    case 'backoff':
      return [`attempt ${value.attemptCount + 1} is next`, ...(value.lastReply ? [`last reply: ${showReply(value.lastReply)}`] : [])];
    case 'senders':
      return value.senderCount === 0n
        ? []
        : [`${value.senderCount} ${value.senderCount === 1n ? 'sender holds' : 'senders hold'} ${value.heldCount}`];
    default:
      return [];
  }
}

function round(perSecond: number): string {
  if (perSecond < 0.05) return 'less than 0.1';
  return perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}
