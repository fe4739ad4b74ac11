import { apply, untouched, type OutcomeEvent, type RecipientEvent, type Ticket } from '@posthaste/core';
import { keptAttempts, type AttemptEnd, type AttemptRecord, type RecipientRecord } from './record.ts';

/** The record of each recipient of a mail that was just accepted. */
export function firstRecord(ticket: Ticket, at: number): RecipientRecord {
  const state = ticket.due === undefined ? untouched : ({ kind: 'queued', attempts: 0, due: ticket.due, reason: 'SCHEDULED' } as const);
  return { state, changedAt: at, attempts: [] };
}

/**
 * The record after an event. The state is what the scheduler's own rules make of it; an event that moves nothing leaves no trace. A state that was
 * not made from the journal's beginning (seed.ts) may contain attempts of which the journal tells later.
 */
export function fold(record: RecipientRecord, event: RecipientEvent): RecipientRecord {
  if (event.kind === 'started' && 'attempt' in record.state && !isLater(event.attempt, record.state.attempt)) return record;
  const state = apply(record.state, event);
  if (state === record.state) return record;
  return { state, changedAt: event.at, attempts: foldAttempts(record.attempts, event) };
}

/** Attempts are numbered in the order of their starts: `<epoch>.<number>`. */
function isLater(attempt: string, than: string | undefined): boolean {
  if (than === undefined) return true;
  const [epoch = 0, number = 0] = attempt.split('.').map(Number);
  const [thanEpoch = 0, thanNumber = 0] = than.split('.').map(Number);
  return epoch === thanEpoch ? number > thanNumber : epoch > thanEpoch;
}

function foldAttempts(attempts: readonly AttemptRecord[], event: RecipientEvent): readonly AttemptRecord[] {
  if (!('attempt' in event)) return attempts;
  if (event.kind !== 'started') return attempts.map((attempt) => (attempt.id === event.attempt ? { ...attempt, ended: endOf(event) } : attempt));
  const { attempt: id, upstream, sender, at: startedAt } = event;
  return [...attempts.slice(1 - keptAttempts), { id, upstream, sender, startedAt }];
}

function endOf(event: OutcomeEvent): AttemptEnd {
  return {
    at: event.at,
    outcome: event.kind,
    ...('reason' in event ? { reason: event.reason } : {}),
    ...(event.reply ? { reply: event.reply } : {}),
    ...('tookMs' in event && event.tookMs !== undefined ? { tookMs: event.tookMs } : {}),
  };
}
