import type { JournalEvent } from '../journal.ts';
import type { Command } from './command.ts';
import { Count } from './count.ts';
import { rememberEnded, type Commands, type KnownCommand, type Work } from './work.ts';

/** Each checkpoint says them again. */
const mostKept = 50;

/** What a checkpoint says of commands. Those that only count are not spoken of. */
export interface CommandsSnapshot {
  readonly open: readonly { readonly command: Command; readonly changed: number }[];
  readonly ended: readonly KnownCommand[];
}

export function snapshotCommands({ open, ended }: Commands): CommandsSnapshot {
  const lasting = [...open.values()].filter(({ dryRun }) => !dryRun);
  return {
    open: lasting.map(({ command, count }) => ({ command, changed: count.changed })),
    ended: [...ended.values()].filter(({ dryRun }) => !dryRun).slice(-mostKept),
  };
}

export function restoreCommands(commands: Commands, snapshot: CommandsSnapshot | undefined): void {
  for (const { command, changed } of snapshot?.open ?? []) commands.open.set(command.id, resumed(command, changed));
  for (const command of snapshot?.ended ?? []) rememberEnded(commands, command);
}

/** A command that was not at its end is gone through again from the beginning: what it did is done, and does no harm twice. */
export function replayCommand(commands: Commands, event: JournalEvent): void {
  if (event.kind === 'commanded') commands.open.set(event.id, resumed(event.command, 0));
  else if (event.kind === 'commandEnded') end(commands, event.id, event);
  else if ('command' in event && event.command !== undefined) {
    const count = commands.open.get(event.command)?.count;
    count?.change(event.kind === 'purged' ? event.failedCount : event.recipients.length);
  }
}

function end(commands: Commands, id: string, { progress }: Pick<KnownCommand, 'progress'>): void {
  const command = commands.open.get(id)?.command;
  commands.open.delete(id);
  if (command) rememberEnded(commands, { command, dryRun: false, progress });
}

function resumed(command: Command, changed: number): Work {
  return { command, dryRun: false, resumed: true, count: new Count(changed), walk: { kind: 'waiting' } };
}
