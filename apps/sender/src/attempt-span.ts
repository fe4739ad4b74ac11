import { type Attempt, Outcome } from '@posthaste/protocol/dispatch';
import type { Span, Tracing } from '@posthaste/telemetry';
import { outcomeNames } from './attempt-metrics.ts';
import type { Verdict } from './outcome.ts';

/** An attempt that comes later than this after its mail was accepted begins a trace of its own: one that lasts for days is of no use to anybody. */
const longestTraceMs = 5 * 60_000;

export function beginAttemptSpan(tracing: Tracing, attempt: Attempt, now: number): Span {
  const { traceparent, messageId, attemptId, upstream, lane, recipients } = attempt;
  const origin = traceparent === '' ? {} : now - acceptedAt(messageId) <= longestTraceMs ? { parent: traceparent } : { follows: traceparent };
  return tracing.begin('attempt delivery', {
    kind: 'client',
    ...origin,
    attributes: {
      'email.message.id': messageId,
      'email.delivery.attempt': attemptId,
      'email.priority': lane,
      'email.recipient.count': recipients.length,
      'posthaste.upstream': upstream,
    },
  });
}

export function endAttemptSpan(span: Span, verdicts: readonly Verdict[]): void {
  const worst = verdicts.find(({ outcome }) => outcome !== Outcome.DELIVERED) ?? verdicts[0];
  if (!worst) return span.end();
  const { code, enhanced } = worst.reply;
  const attributes = { 'smtp.response.status_code': code, ...(enhanced === undefined ? {} : { 'smtp.response.enhanced_code': enhanced }) };
  span.end({ attributes, ...(worst.outcome === Outcome.DELIVERED ? {} : { error: outcomeNames.get(worst.outcome) ?? 'unknown' }) });
}

/** The first 48 bits of a UUIDv7 are its time in milliseconds (RFC 9562, 5.7). */
function acceptedAt(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}
