import type { Attempt } from '@posthaste/protocol/dispatch';
import type { Clock } from '@posthaste/telemetry';
import type { FetchedBody } from './body-source.ts';
import { draining, findObstacle, judge, judgeBodyError, tooLate, type Verdict } from './outcome.ts';
import type { SmtpSession } from './smtp-session.ts';
import type { Body, Envelope } from './smtp-transaction.ts';
import { ConnectionEnded, type ConnectionLost, UpstreamSilent } from './smtp-wire.ts';
import type { Assignment } from './workload.ts';

/** What a delivery needs beside the session. */
export interface Desk {
  readonly clock: Clock;
  /** Says to the scheduler that the transaction begins: true when it has been said, false when nothing is to begin any more. */
  announce(assignment: Assignment): Promise<boolean>;
  /** Whether lease and deadline still allow it to be delivered. */
  inTime(assignment: Assignment): boolean;
  /**
   * The same at the last moment, and only once the scheduler is known to have heard of the begin: a mail that leaves before would, should this sender
   * vanish, be sent once more by another, and nobody would call it in doubt. The reply to DATA takes about as long as this, so it is seldom waited for.
   */
  mayFinish(assignment: Assignment): Promise<boolean>;
  /** MAIL FROM was handed to the socket just now. Said only of attempts that a rate limit counts. */
  mailWritten(assignment: Assignment): void;
}

export type Delivery =
  | { readonly kind: 'concluded'; readonly verdicts: readonly Verdict[]; readonly tookMs?: number }
  /** The upstream had ended the warm session before the first command reached it: nothing was tried. */
  | { readonly kind: 'stale' };

/** One attempt, one transaction. Never tries twice: what to do about an outcome is the scheduler's. */
export async function deliver(assignment: Assignment, session: SmtpSession, fetched: FetchedBody, desk: Desk): Promise<Delivery> {
  const { attempt } = assignment;
  const obstacle = findObstacle(attempt, session.extensions);
  if (obstacle) return concludeAll(attempt, obstacle);
  const body = await readBody(fetched);
  if ('outcome' in body) return concludeAll(attempt, body);
  if (!desk.inTime(assignment)) return concludeAll(attempt, tooLate);
  if (!(await desk.announce(assignment))) return concludeAll(attempt, draining);
  if (!desk.inTime(assignment)) return concludeAll(attempt, tooLate);

  const beganAt = desk.clock.monotonic();
  const wasUsed = session.used > 0;
  const mailWritten = attempt.limited ? () => desk.mailWritten(assignment) : undefined;
  const transaction = await session.transact(toEnvelope(attempt), body, () => desk.mayFinish(assignment), mailWritten);
  if (transaction.kind === 'lost' && wasUsed && !transaction.heard && wasEndedByUpstream(transaction.lost)) return { kind: 'stale' };
  return { kind: 'concluded', verdicts: judge(transaction, attempt.recipients.length), tookMs: desk.clock.monotonic() - beganAt };
}

/** One that is silent would be silent on the next connection as well, for as long again. */
function wasEndedByUpstream(lost: ConnectionLost): boolean {
  return !(lost instanceof ConnectionEnded || lost instanceof UpstreamSilent);
}

async function readBody(fetched: FetchedBody): Promise<Body | Verdict> {
  try {
    return await fetched.content;
  } catch (error) {
    return judgeBodyError(error);
  }
}

function concludeAll(attempt: Attempt, verdict: Verdict): Delivery {
  return { kind: 'concluded', verdicts: attempt.recipients.map(() => verdict) };
}

function toEnvelope(attempt: Attempt): Envelope {
  const { from, recipients, body, eightBit, smtpUtf8, dsnReturn, dsnEnvelopeId } = attempt;
  return { from, recipients, size: Number(body?.size ?? 0n), eightBit, smtpUtf8, dsnReturn, dsnEnvelopeId };
}
