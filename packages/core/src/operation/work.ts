import type { Instant } from '../engine-input.ts';
import type { EngineState } from '../engine-state.ts';
import type { Mail } from '../mail.ts';
import { noteOperator } from '../recording.ts';
import type { Command, Progress } from './command.ts';
import type { Count } from './count.ts';

/** A command that is being worked off. */
export interface Work {
  readonly command: Command;
  /** Only counts: nothing is journalled, and a crash forgets it. */
  readonly dryRun: boolean;
  /** A crash came in the middle: what is as the command wants it may be so by its own doing. */
  readonly resumed: boolean;
  readonly count: Count;
  walk: Walk;
}

/** How far a command has gone through the mail. Those that were given before come first, so that each acts on what they made of it. */
export type Walk =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'walking'; readonly mails: Iterator<Mail> }
  /** Dead letters are searched by whoever drives the engine. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'over' };

/** What is known of a command. */
export interface KnownCommand {
  readonly command: Command;
  readonly dryRun: boolean;
  readonly progress: Progress;
}

/** Commands by their ids. */
export interface Commands {
  /** In the order in which they were given. */
  readonly open: Map<string, Work>;
  /** The last ones, oldest first. */
  readonly ended: Map<string, KnownCommand>;
  /** A piece of work is on its way to the journal: the next one follows its acknowledgement, so that dispatching never stands behind a heap of it. */
  pieceUnderWay: boolean;
}

/** Ended commands that are remembered. */
const mostRemembered = 1_000;

export function noCommands(): Commands {
  return { open: new Map(), ended: new Map(), pieceUnderWay: false };
}

/** Ends a command when all has been gone through and every sender has answered. */
export function endIfDone(state: EngineState, { command, count, dryRun, walk }: Work, now: Instant): void {
  if (walk.kind !== 'over' || count.pending > 0) return;
  const progress = { ...count.progress, done: true };
  state.commands.open.delete(command.id);
  rememberEnded(state.commands, { command, dryRun, progress });
  if (!dryRun) noteOperator(state, { kind: 'commandEnded', at: now.wall, id: command.id, progress });
}

export function rememberEnded({ ended }: Commands, command: KnownCommand): void {
  ended.set(command.command.id, command);
  const [oldest] = ended.keys();
  if (ended.size > mostRemembered && oldest !== undefined) ended.delete(oldest);
}
