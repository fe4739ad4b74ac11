import { domainOf, laneNameOf, type Explanation, type Gate, type Instant } from '@posthaste/core';
import { limitWindows, limitWindowsMs, type Limits } from '@posthaste/core/upstream-rules';
import type { Account } from './account.ts';
import type { Stretch } from './troubles.ts';

/** What an explanation is held against. */
export interface Known {
  readonly account: Account;
  /** Virtual. */
  readonly at: number;
  readonly now: Instant;
  /** Senders that are connected and take mail. */
  readonly working: number;
  /** By upstream, virtual; null where the wall clock was set, so that nobody can say when an outage was. */
  readonly outages: ReadonlyMap<string, readonly Stretch[]> | null;
  /** As configured, by `upstream:<name>` or `domain:<name>`. */
  limitsOf(scope: string): Limits | undefined;
}

/** Words and clocks of whole milliseconds lie between what happens and what is known of it. */
const slackMs = 5_000;

/** A recipient that waits has a reason, and each reason is true as far as others can tell. */
export function checkExplanations(explanations: readonly Explanation[], known: Known): void {
  const { id } = known.account.ticket;
  explanations.forEach((explanation, recipient) => {
    if (explanation.state !== 'queued') return;
    if (explanation.gates.length === 0) throw new Error(`${id}/${recipient} waits and nothing is said to keep it`);
    for (const gate of explanation.gates) {
      const doubt = doubtOf(gate, recipient, known);
      if (doubt !== null) throw new Error(`${id}/${recipient} is said to wait for ${gate.reason}, but ${doubt}: ${JSON.stringify(gate)}`);
    }
  });
}

function doubtOf({ reason, since, until, detail }: Gate, recipient: number, { account, at, now, working, outages, limitsOf }: Known): string | null {
  switch (detail.kind) {
    case 'backoff': {
      const dueAt = account.dueAt[recipient] ?? 0;
      const state = account.states[recipient];
      const isKnown = dueAt > 0 && state?.kind === 'queued' && state.attempts === detail.attempts && reason !== 'SCHEDULED';
      return isKnown && Math.abs(dueAt - at - ((until ?? 0) - now.wall)) > slackMs ? `it is due in ${dueAt - at} ms` : null;
    }
    case 'outage': {
      const began = at - (now.wall - (since ?? 0));
      const outage = outages?.get(detail.upstream)?.some(({ from, to }) => from <= began && began <= to + slackMs);
      return outages && !outage ? 'it was not out then' : null;
    }
    case 'limit': {
      const domain = domainOf(account.ticket.recipients[recipient]?.address ?? '');
      if (detail.scope.startsWith('domain:') && detail.scope !== `domain:${domain}`) return `it goes to ${domain}`;
      // What was learned is the core's own to know.
      if (detail.learned) return null;
      const configured = limitIn(limitsOf(detail.scope), detail.windowMs);
      if (detail.limit !== configured) return `that limit is ${configured ?? 'not set'}`;
      return detail.used < detail.limit ? 'it is not reached' : null;
    }
    case 'senders':
      return reason === 'NO_SENDER' && working > 0 ? `${working} are connected` : null;
    case 'place':
      return laneNameOf(detail.lane.written) === laneNameOf(account.ticket) && detail.tenant === account.ticket.tenant && detail.ahead >= 0
        ? null
        : 'that is not its place';
    default:
      return null;
  }
}

function limitIn(limits: Limits | undefined, windowMs: number | null): number | undefined {
  const window = limitWindows.find((each) => limitWindowsMs[each] === windowMs);
  return window ? limits?.[window] : limits?.concurrency;
}
