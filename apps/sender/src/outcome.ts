import { create } from '@bufbuild/protobuf';
import type { Reply } from '@posthaste/core';
import { Outcome, type Attempt, type RecipientOutcome, RecipientOutcomeSchema } from '@posthaste/protocol/dispatch';
import type { Transaction } from './smtp-session.ts';
import type { Extensions } from './smtp-transaction.ts';
import { ConnectionEnded } from './smtp-wire.ts';

/** What happened to one recipient, in the upstream's words or ours. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly reply: Reply;
}

/** What an upstream's reply to MAIL, RCPT, DATA or the final dot means for a recipient, by its first digit (RFC 5321, 4.2.1). What it leads to is the scheduler's. */
export function outcomeOf({ code }: Reply): Outcome {
  if (code >= 500) return Outcome.BOUNCED;
  return code >= 400 ? Outcome.DEFERRED : Outcome.DELIVERED;
}

/** One verdict a recipient, in the attempt's order. */
export function judge(transaction: Transaction, recipients: number): Verdict[] {
  const all = (verdict: Verdict) => Array.from({ length: recipients }, () => verdict);
  switch (transaction.kind) {
    case 'answered':
      return transaction.replies.map((reply) => ({ outcome: outcomeOf(reply), reply }));
    case 'lost':
      return all({ outcome: outcomeOfLoss(transaction), reply: transaction.lost.reply ?? ourReply(transaction.lost.message) });
    case 'tooLate':
      return all(tooLate);
    case 'bodyFailed':
      return all(judgeBodyError(transaction.error));
  }
}

function outcomeOfLoss({ lost, handedOver }: Transaction & { kind: 'lost' }): Outcome {
  if (handedOver) return Outcome.IN_DOUBT;
  return lost instanceof ConnectionEnded ? Outcome.TOO_LATE : Outcome.UPSTREAM_DOWN;
}

/** A body that is damaged is lost for good; one that cannot be read now is our trouble, and never the mail's. */
export function judgeBodyError(error: unknown): Verdict {
  const broken = error instanceof Error && 'code' in error && error.code === 'BROKEN';
  const sentence = error instanceof Error ? error.message : String(error);
  return { outcome: broken ? Outcome.BODY_LOST : Outcome.BODY_UNAVAILABLE, reply: ourReply(sentence) };
}

/** Why this attempt cannot be made over a session with these extensions; undefined when it can. */
export function findObstacle(attempt: Attempt, offered: Extensions): Verdict | undefined {
  if (attempt.smtpUtf8 && !offered.smtpUtf8) return lacks('SMTPUTF8', '5.6.7');
  if (attempt.eightBit && !offered.eightBitMime) return lacks('8BITMIME', '5.6.3');
  return canBeSpoken(attempt) ? undefined : unspeakable;
}

/** The doors let no such address in; but were one to come, it must not become a command of its own. */
function canBeSpoken({ from, recipients, dsnReturn, dsnEnvelopeId }: Attempt): boolean {
  const addresses = [from, ...recipients.map(({ address }) => address)];
  const parameters = [dsnReturn, dsnEnvelopeId, ...recipients.flatMap(({ dsnNotify, dsnOriginal }) => [dsnNotify, dsnOriginal])];
  return !addresses.some((address) => /[\u0000-\u001f\u007f]/.test(address)) && parameters.every((parameter) => /^[\u0021-\u007e]*$/.test(parameter));
}

const unspeakable: Verdict = {
  outcome: Outcome.BOUNCED,
  reply: { code: 553, enhanced: '5.1.3', text: 'not sent: an address or a DSN parameter has characters that SMTP cannot carry' },
};

function lacks(extension: string, enhanced: string): Verdict {
  return {
    outcome: Outcome.UPSTREAM_LACKS_EXTENSION,
    reply: { code: 554, enhanced, text: `the upstream does not offer ${extension}, which this message needs` },
  };
}

export const tooLate: Verdict = { outcome: Outcome.TOO_LATE, reply: ourReply('the lease or the deadline was over before the mail was handed over') };

export const draining: Verdict = { outcome: Outcome.DRAINING, reply: ourReply('the sender is shutting down') };

/** Another sender has all connections to the upstream that there may be. */
export const unallotted: Verdict = { outcome: Outcome.DRAINING, reply: ourReply('the sender has no connection allotted any more') };

export const unknownUpstream: Verdict = { outcome: Outcome.UPSTREAM_DOWN, reply: ourReply('this sender has no upstream of that name') };

export const cancelled: Verdict = { outcome: Outcome.TOO_LATE, reply: ourReply('cancelled before it was begun') };

/** Our own words in a reply's form. */
function ourReply(text: string): Reply {
  return { code: 0, text };
}

/** Recipients with one and the same verdict stand together. */
export function groupVerdicts(attempt: Attempt, verdicts: readonly Verdict[]): RecipientOutcome[] {
  const groups = new Map<string, RecipientOutcome>();
  verdicts.forEach(({ outcome, reply }, position) => {
    const key = verdicts.length === 1 ? '' : `${outcome} ${reply.code} ${reply.enhanced ?? ''} ${reply.text}`;
    const group =
      groups.get(key) ??
      create(RecipientOutcomeSchema, { outcome, reply: { code: reply.code, enhancedCode: reply.enhanced ?? '', text: reply.text } });
    group.recipients.push(attempt.recipients[position]?.index ?? 0);
    groups.set(key, group);
  });
  return [...groups.values()];
}
