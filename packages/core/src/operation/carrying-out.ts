import type { Instant } from '../engine-input.ts';
import type { EngineState } from '../engine-state.ts';
import { file, refile } from '../filing.ts';
import type { Mail } from '../mail.ts';
import { record } from '../recording.ts';
import type { Command } from './command.ts';

/** Does to these recipients what the command says. They have been judged. */
export function carryOut(state: EngineState, { id: command, verb, by }: Command, mail: Mail, recipients: readonly number[], now: Instant): void {
  const { id, tenant } = mail.ticket;
  const about = { at: now.wall, id, author: by.author, comment: by.comment, command };
  switch (verb.kind) {
    case 'hold':
      return record(state, mail, { kind: 'held', ...about, recipients, reason: 'HELD_BY_OPERATOR' });
    case 'cancel':
      return record(state, mail, { kind: 'cancelled', ...about, recipients, tenant });
    case 'release':
      record(state, mail, { kind: 'released', ...about, recipients });
      return file(state, mail, now);
    case 'retry':
      record(state, mail, { kind: 'rescheduled', ...about, recipients, due: 0 });
      return file(state, mail, now);
    case 'reschedule':
      record(state, mail, { kind: 'rescheduled', ...about, recipients, due: verb.due > now.wall ? verb.due : 0 });
      return file(state, mail, now);
    case 'changeLane':
      record(state, mail, { kind: 'laneChanged', ...about, recipients, lane: verb.lane, furtherLane: verb.furtherLane });
      return refile(state, mail, now);
    case 'move':
      record(state, mail, { kind: 'redirected', ...about, recipients, upstream: verb.upstream });
      return file(state, mail, now);
    case 'revive':
    case 'purge':
      return;
  }
}
