import { destinationNameOf } from '../destination.ts';
import type { Instant } from '../engine-input.ts';
import type { EngineState } from '../engine-state.ts';
import type { Mail } from '../mail.ts';
import { wallDue } from '../filing.ts';
import { isFinal, type Final, type RecipientState } from '../recipient.ts';
import type { Unchanged, Verb } from './command.ts';

/** What a command comes to for a recipient. `ask`: it is with a sender, which may still leave it. */
export type Judgement = 'change' | 'ask' | Unchanged;

type Live = Exclude<RecipientState, Final>;

/** For mail in the index: what concerns dead letters means nothing there. */
export function judge(state: EngineState, verb: Verb, mail: Mail, recipient: number, now: Instant): Judgement {
  const present = mail.states[recipient] as RecipientState;
  if (isFinal(present)) return verb.kind === 'cancel' && present.kind === 'cancelled' ? 'ALREADY_SO' : 'FINAL';
  switch (verb.kind) {
    case 'hold':
      return present.kind === 'held' ? 'ALREADY_SO' : askIfSending(present);
    case 'release':
      return present.kind === 'held' ? 'change' : 'ALREADY_SO';
    case 'cancel':
      return askIfSending(present);
    case 'retry':
      return judgeTime(state, present, 0, mail, now);
    case 'reschedule':
      return judgeTime(state, present, verb.due, mail, now);
    case 'changeLane':
      return mail.lane === state.policy.lanes.of(verb) ? 'ALREADY_SO' : 'change';
    case 'move':
      return whereabouts(state, present, mail, recipient) === verb.upstream ? 'ALREADY_SO' : askIfSending(present);
    case 'revive':
    case 'purge':
      return 'NOT_APPLICABLE';
  }
}

function askIfSending({ kind }: Live): Judgement {
  return kind === 'sending' ? 'ask' : 'change';
}

/** What has passed means now. Nothing is put off until after its deadline: it would only expire. */
function judgeTime({ clock }: EngineState, present: Live, due: number, { ticket: { deadline = Infinity } }: Mail, { wall }: Instant): Judgement {
  if (present.kind === 'held') return 'HELD';
  if (present.kind !== 'queued' || due >= deadline) return 'NOT_APPLICABLE';
  return Math.max(wallDue(clock, present), wall) === Math.max(due, wall) ? 'ALREADY_SO' : 'change';
}

function whereabouts({ router }: EngineState, present: Live, mail: Mail, recipient: number): string {
  return present.kind === 'sending' ? present.upstream : destinationNameOf(router, mail, recipient);
}
