import { type Attempt, type AttemptOutcome, OutcomeSchema, type RecipientOutcome } from '@posthaste/protocol/dispatch';
import { counter, histogram, type LoggedReply, type MailLog } from '@posthaste/telemetry';

const attempts = counter(
  'posthaste_attempts_total',
  'Recipients attempted, by upstream and outcome. A rise of anything but delivered: the attempted lines of the mail log have the replies.',
  ['upstream', 'outcome'],
);

const transactionSeconds = histogram(
  'posthaste_transaction_seconds',
  'From MAIL FROM to the final reply. A rise means that the upstream got slower; its connections divided by this is the most mail it can take.',
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  ['upstream'],
);

/** UPSTREAM_DOWN is upstreamDown in logs, metrics and the journal. */
const outcomeNames = new Map<number, string>(
  OutcomeSchema.values.map(({ number, localName }) => [number, localName.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())]),
);

/** Counts and logs what came of an attempt: a line for each outcome in it. */
export function logAttempt(mailLog: MailLog, attempt: Attempt, outcome: AttemptOutcome, tookMs?: number): void {
  const { upstream, attemptId, messageId, lane } = attempt;
  if (tookMs !== undefined) transactionSeconds.observe({ upstream }, tookMs / 1000);
  for (const group of outcome.recipients) {
    const name = outcomeNames.get(group.outcome) ?? String(group.outcome);
    attempts.inc({ upstream, outcome: name }, group.recipients.length);
    mailLog.attempted({
      id: messageId,
      lane,
      upstream,
      attempt: attemptId,
      outcome: name,
      reply: toLogged(group.reply),
      to: addressesOf(attempt, group),
      ...(tookMs === undefined ? {} : { tookMs: Math.round(tookMs * 10) / 10 }),
    });
  }
}

function toLogged(reply: RecipientOutcome['reply']): LoggedReply {
  const { code = 0, enhancedCode = '', text = '' } = reply ?? {};
  return enhancedCode === '' ? { code, text } : { code, enhanced: enhancedCode, text };
}

function addressesOf({ recipients }: Attempt, group: RecipientOutcome): string[] {
  const within = new Set(group.recipients);
  return recipients.filter(({ index }) => within.has(index)).map(({ address }) => address);
}
