import type { Instant } from '../engine-input.ts';
import type { EngineState } from '../engine-state.ts';
import type { Mail } from '../mail.ts';
import { noteOperator } from '../recording.ts';
import { ask } from './asking.ts';
import { carryOut } from './carrying-out.ts';
import type { Command, Unchanged } from './command.ts';
import { Count } from './count.ts';
import { isForDeadLetters, searchDead } from './dead-search.ts';
import { judge } from './judging.ts';
import { namedRecipients } from './matching.ts';
import { endIfDone, type Walk, type Work } from './work.ts';

/** Mails that one step looks at for commands, and those of them that it changes: a few milliseconds. */
export const looksPerPiece = 4_000;
export const changesPerPiece = 250;

/** An operator's command: journalled, and worked off from the next step on. One that is known already is the same one. */
export function takeCommand(state: EngineState, command: Command, dryRun: boolean, now: Instant): void {
  const { open, ended } = state.commands;
  if (open.has(command.id) || ended.has(command.id)) return;
  if (!dryRun) noteOperator(state, { kind: 'commanded', at: now.wall, id: command.id, command });
  const work: Work = { command, dryRun, resumed: false, count: new Count(), walk: { kind: 'waiting' } };
  open.set(command.id, work);
  if (isForDeadLetters(work)) searchDead(state, work);
}

/** A bounded piece of the first command that is not through. The next piece comes when the journal has taken this one. */
export function workOff(state: EngineState, now: Instant): void {
  const { commands } = state;
  if (commands.open.size === 0 || commands.pieceUnderWay) return;
  const work = [...commands.open.values()].find(({ walk }) => walk.kind === 'waiting' || walk.kind === 'walking');
  if (!work) return;
  if (work.walk.kind === 'waiting') setOut(state, work);
  walkOn(state, work, now);
  commands.pieceUnderWay = true;
  state.effects.push({ kind: 'workOn' });
}

/** Of the mails that are there now, and no more: what arrives meanwhile is none of the command's business. */
function setOut({ mails }: EngineState, work: Work): void {
  const { ids } = work.command.selector;
  work.walk = ids ? walkThrough(mails, ids, work.count) : { kind: 'walking', mails: mails.values() };
}

function walkThrough(mails: EngineState['mails'], ids: readonly string[], count: Count): Walk {
  const known: Mail[] = [];
  for (const id of new Set(ids)) {
    const mail = mails.get(id);
    if (mail && mail.open > 0) known.push(mail);
    else count.leave('NOT_FOUND', 1);
  }
  return { kind: 'walking', mails: known.values() };
}

function walkOn(state: EngineState, work: Work, now: Instant): void {
  const { walk } = work;
  let changes = 0;
  for (let looks = 0; walk.kind === 'walking' && looks < looksPerPiece && changes < changesPerPiece; looks += 1) {
    const next = walk.mails.next();
    if (next.done) {
      work.walk = { kind: 'over' };
      return endIfDone(state, work, now);
    }
    changes += act(state, work, next.value, now);
  }
}

/** Returns how many mails it changed: 1 or 0. */
function act(state: EngineState, work: Work, mail: Mail, now: Instant): number {
  const { command, count, dryRun } = work;
  const named = namedRecipients(state, command.selector, mail);
  if (named.length === 0) return 0;
  const { change = [], ask: asked = [], ...others } = Object.groupBy(named, (recipient) => judge(state, command.verb, mail, recipient, now));
  count.matched += named.length;
  for (const [cause, recipients = []] of Object.entries(others)) leave(work, cause as Unchanged, recipients.length);
  count.changed += change.length;
  if (dryRun) count.changed += asked.length;
  else if (asked.length > 0) ask(state, work, mail, asked);
  if (change.length > 0 && !dryRun) carryOut(state, command, mail, change, now);
  return change.length + asked.length > 0 ? 1 : 0;
}

/** After a crash nobody can tell what was so before from what the command made so: that was counted as changed. */
function leave({ count, resumed }: Work, cause: Unchanged, recipients: number): void {
  if (resumed && cause === 'ALREADY_SO') count.matched -= recipients;
  else count.leave(cause, recipients);
}
