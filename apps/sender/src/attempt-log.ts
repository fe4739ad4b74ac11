import { type Attempt, type AttemptOutcome, Outcome, OutcomeSchema } from '@posthaste/protocol/dispatch';
import { counter, histogram, type Log } from '@posthaste/telemetry';

const attempts = counter(
  'posthaste_sender_attempts_total',
  'Recipients attempted, by upstream and outcome. A rise of anything but DELIVERED: see the reply in the attempt lines of the log.',
  ['upstream', 'outcome'],
);

const transactionSeconds = histogram(
  'posthaste_sender_transaction_seconds',
  'From MAIL FROM to the final reply. A rise means that the upstream got slower; connections divided by this is the most it can take.',
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  ['upstream'],
);

const names = new Map(OutcomeSchema.values.map(({ number, localName }) => [number, localName]));

/** One line an attempt and outcome. */
export function logAttempt(log: Log, attempt: Attempt, { recipients }: AttemptOutcome, tookMs?: number): void {
  const { upstream, attemptId, messageId, lane } = attempt;
  if (tookMs !== undefined) transactionSeconds.observe({ upstream }, tookMs / 1000);
  for (const { recipients: indexes, outcome, reply } of recipients) {
    const name = names.get(outcome) ?? 'UNSPECIFIED';
    attempts.inc({ upstream, outcome: name }, indexes.length);
    log.info('attempt', {
      message: messageId,
      recipients: indexes,
      lane,
      upstream,
      attempt: attemptId,
      outcome: name,
      code: reply?.code,
      enhanced: reply?.enhancedCode,
      reply: reply?.text,
      tookMs: tookMs === undefined ? undefined : Math.round(tookMs * 10) / 10,
      began: outcome !== Outcome.DRAINING && tookMs !== undefined,
    });
  }
}
