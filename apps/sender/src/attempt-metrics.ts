import { type AttemptOutcome, OutcomeSchema } from '@posthaste/protocol/dispatch';
import { counter, histogram } from '@posthaste/telemetry';

const attempts = counter(
  'posthaste_attempts_total',
  "Recipients attempted, by upstream and outcome. A rise of anything but delivered: the scheduler's mail log has the replies.",
  ['upstream', 'outcome'],
);

const transactionSeconds = histogram(
  'posthaste_transaction_seconds',
  'From MAIL FROM to the final reply. A rise means that the upstream got slower; its connections divided by this is the most mail it can take.',
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  ['upstream'],
);

/** UPSTREAM_DOWN is upstreamDown in metrics and the journal. */
export const outcomeNames: ReadonlyMap<number, string> = new Map(
  OutcomeSchema.values.map(({ number, localName }) => [
    number,
    localName.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
  ]),
);

/** Counts what came of an attempt. The mail log's lines are the scheduler's, which knows what an outcome leads to. */
export function countAttempt(upstream: string, outcome: AttemptOutcome, tookMs?: number): void {
  if (tookMs !== undefined) transactionSeconds.observe({ upstream }, tookMs / 1000);
  for (const { outcome: kind, recipients } of outcome.recipients) {
    attempts.inc({ upstream, outcome: outcomeNames.get(kind) ?? String(kind) }, recipients.length);
  }
}
