import { domainOf } from '../domain.ts';
import type { Instant } from '../engine-input.ts';
import type { EngineState } from '../engine-state.ts';
import type { Unchanged } from './command.ts';
import { laneNameOf } from '../lane.ts';
import { fitsMail } from './matching.ts';
import type { DeadLetter } from './reviving.ts';
import type { Selector } from './selector.ts';
import { endIfDone, type Work } from './work.ts';

/** The failed recipients of a dead letter that a selector names. It goes nowhere, so none is bound for an upstream. */
export function namedInDeadLetter(selector: Selector, { ticket, states }: Pick<DeadLetter, 'ticket' | 'states'>): number[] {
  const { ids, domain, upstream, state, reason, acceptedBefore = Infinity } = selector;
  if (upstream !== undefined || (state !== undefined && state !== 'failed')) return [];
  if ((ids && !ids.includes(ticket.id)) || acceptedBefore <= ticket.acceptedAt || !fitsMail(selector, ticket, laneNameOf(ticket))) return [];
  return states.flatMap((present, recipient) => {
    if (present.kind !== 'failed' || (reason !== undefined && present.reason !== reason)) return [];
    const address = ticket.recipients[recipient]?.address ?? '';
    return domain === undefined || domain === domainOf(address) ? [recipient] : [];
  });
}

/** What was found in DEAD for a command: by whom it is searched tells what it cannot tell by reviving and purging. */
export interface Found {
  readonly command: string;
  /** With a dry run: what would be changed. */
  readonly changed?: number;
  readonly unchanged?: Unchanged;
  readonly recipients?: number;
  /** All of DEAD was gone through. */
  readonly over?: boolean;
}

export function isForDeadLetters({ command: { verb } }: Pick<Work, 'command'>): boolean {
  return verb.kind === 'revive' || verb.kind === 'purge';
}

export function searchDead(state: EngineState, work: Work): void {
  work.walk = { kind: 'elsewhere' };
  state.effects.push({ kind: 'searchDead', command: work.command, dryRun: work.dryRun });
}

export function takeFound(state: EngineState, found: Found, now: Instant): void {
  const work = state.commands.open.get(found.command);
  if (!work) return;
  const { changed = 0, unchanged, recipients = 1, over = false } = found;
  if (changed > 0) work.count.change(changed);
  if (unchanged) {
    if (unchanged !== 'NOT_FOUND') work.count.matched += recipients;
    work.count.leave(unchanged, recipients);
  }
  if (!over) return;
  work.walk = { kind: 'over' };
  endIfDone(state, work, now);
}
