import type { Instant } from '../engine-input.ts';
import type { EngineState } from '../engine-state.ts';
import type { Mail } from '../mail.ts';
import { isFinal, type RecipientState } from '../recipient.ts';
import type { Attempt } from '../sender-table.ts';
import { carryOut } from './carrying-out.ts';
import { endIfDone, type Work } from './work.ts';

/** What a command wants of recipients that are with a sender. It is done when their attempt ends, if they can still be changed then. */
export interface Ask {
  readonly work: Work;
  readonly recipients: readonly number[];
}

/** By attempt. */
export type Asks = Map<string, Ask[]>;

/** Asks the senders to leave these recipients: one whose transaction has begun goes on, and its outcome tells whether it was too late. */
export function ask(state: EngineState, work: Work, mail: Mail, recipients: readonly number[]): void {
  const attempts = Map.groupBy(recipients, (recipient) => attemptOf(mail.states[recipient]));
  for (const [id, some] of attempts) {
    const attempt = state.senders.attempt(id);
    if (!attempt) continue;
    const asks = state.asks.get(id);
    if (asks) asks.push({ work, recipients: some });
    else state.asks.set(id, [{ work, recipients: some }]);
    work.count.pending += some.length;
    askToLeave(state, attempt);
  }
}

/** Again, after its sender has come back: it may not have heard it. */
export function askAgain(state: EngineState, attempt: Attempt): void {
  if (state.asks.has(attempt.id)) askToLeave(state, attempt);
}

/** The attempt has ended: what is not final is changed as it was asked for. */
export function answerAsks(state: EngineState, { id, mail }: Attempt, now: Instant): void {
  const asks = state.asks.get(id);
  if (!asks) return;
  state.asks.delete(id);
  for (const { work, recipients } of asks) {
    const left = recipients.filter((recipient) => !isFinal(mail.states[recipient] as RecipientState));
    work.count.pending -= recipients.length;
    work.count.changed += left.length;
    if (left.length < recipients.length) work.count.leave('TOO_LATE', recipients.length - left.length);
    if (left.length > 0) carryOut(state, work.command, mail, left, now);
    endIfDone(state, work, now);
  }
}

function askToLeave(state: EngineState, { id, sender }: Attempt): void {
  state.effects.push({ kind: 'cancel', sender, attempts: [id] });
}

function attemptOf(recipientState: RecipientState | undefined): string {
  return recipientState?.kind === 'sending' ? recipientState.attempt : '';
}
