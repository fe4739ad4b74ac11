import { didYouMean } from '@posthaste/config/nearest';
import type { Command } from './command/command.ts';
import { usageError } from './failure.ts';

export type Group = 'Mail' | 'By hand' | 'System' | 'Shell';

/** A place in the tree. What stands there is loaded when it is called: sendmail runs once a mail, and must not load what `up` needs. */
export interface Entry {
  /** The first name is the one that is shown; the others are what people try who come from gh, kubectl or nats. */
  readonly names: readonly [string, ...string[]];
  /** Absent: it is not for people, and no help lists it. */
  readonly group?: Group;
  load(): Promise<Command>;
}

export const tree: readonly Entry[] = [
  { group: 'Mail', names: ['send', 'message send', 'message create'], load: async () => (await import('./commands/send.ts')).send },
  { group: 'Mail', names: ['sendmail'], load: async () => (await import('./commands/sendmail.ts')).sendmail },
  {
    group: 'Mail',
    names: ['status', 'get', 'show', 'message get', 'message show', 'message status'],
    load: async () => (await import('./commands/status.ts')).status,
  },
  { group: 'Mail', names: ['explain', 'why', 'message explain'], load: async () => (await import('./commands/explain.ts')).explain },
  { group: 'Mail', names: ['watch', 'message watch'], load: async () => (await import('./commands/watch.ts')).watch },
  { group: 'Mail', names: ['list', 'ls', 'message list', 'message ls'], load: async () => (await import('./commands/list.ts')).list },
  { group: 'Mail', names: ['stats', 'queue stats', 'queue list', 'queue ls'], load: async () => (await import('./commands/stats.ts')).stats },
  { group: 'By hand', names: ['message hold', 'hold'], load: async () => (await import('./commands/message-hold.ts')).messageHold },
  { group: 'By hand', names: ['message release', 'release'], load: async () => (await import('./commands/message-release.ts')).messageRelease },
  { group: 'By hand', names: ['message cancel', 'cancel'], load: async () => (await import('./commands/message-cancel.ts')).messageCancel },
  { group: 'By hand', names: ['message retry', 'retry'], load: async () => (await import('./commands/message-retry.ts')).messageRetry },
  {
    group: 'By hand',
    names: ['message reschedule', 'reschedule'],
    load: async () => (await import('./commands/message-reschedule.ts')).messageReschedule,
  },
  { group: 'By hand', names: ['message lane'], load: async () => (await import('./commands/message-lane.ts')).messageLane },
  { group: 'By hand', names: ['message move', 'move'], load: async () => (await import('./commands/message-move.ts')).messageMove },
  {
    group: 'By hand',
    names: ['operation get', 'operation show', 'operation status'],
    load: async () => (await import('./commands/operation-get.ts')).operationGet,
  },
  {
    group: 'By hand',
    names: ['suspend create', 'suspend', 'pause', 'suspension create'],
    load: async () => (await import('./commands/suspend-create.ts')).suspendCreate,
  },
  {
    group: 'By hand',
    names: ['suspend list', 'suspend ls', 'suspension list', 'suspension ls'],
    load: async () => (await import('./commands/suspend-list.ts')).suspendList,
  },
  {
    group: 'By hand',
    names: ['suspend lift', 'resume', 'suspend delete', 'suspension lift', 'suspension delete', 'suspension rm'],
    load: async () => (await import('./commands/suspend-lift.ts')).suspendLift,
  },
  { group: 'By hand', names: ['dead list', 'dead ls'], load: async () => (await import('./commands/dead-list.ts')).deadList },
  { group: 'By hand', names: ['dead retry'], load: async () => (await import('./commands/dead-retry.ts')).deadRetry },
  { group: 'By hand', names: ['dead purge', 'dead rm'], load: async () => (await import('./commands/dead-purge.ts')).deadPurge },
  { group: 'System', names: ['up'], load: async () => (await import('./commands/up.ts')).up },
  { group: 'System', names: ['doctor'], load: async () => (await import('./commands/doctor.ts')).doctor },
  { group: 'System', names: ['settings', 'config list', 'config ls'], load: async () => (await import('./commands/settings.ts')).settings },
  { group: 'System', names: ['config print', 'config show'], load: async () => (await import('./commands/config-print.ts')).configPrint },
  { group: 'System', names: ['config check'], load: async () => (await import('./commands/config-check.ts')).configCheck },
  { group: 'System', names: ['policy explain', 'policy show'], load: async () => (await import('./commands/policy-explain.ts')).policyExplain },
  { group: 'System', names: ['simulate'], load: async () => (await import('./commands/simulate.ts')).simulate },
  { group: 'System', names: ['ledger rebuild'], load: async () => (await import('./commands/ledger-rebuild.ts')).ledgerRebuild },
  { group: 'System', names: ['user hash'], load: async () => (await import('./commands/user-hash.ts')).userHash },
  { group: 'Shell', names: ['completion'], load: async () => (await import('./commands/completion.ts')).completion },
  { group: 'Shell', names: ['help', '--help', '-h'], load: async () => (await import('./commands/help.ts')).help },
  { group: 'Shell', names: ['version', '--version'], load: async () => (await import('./commands/version.ts')).version },
  { names: ['complete'], load: async () => (await import('./commands/complete.ts')).complete },
];

export interface Found {
  readonly entry: Entry;
  readonly rest: readonly string[];
}

/** The longest name that the words begin with. Throws a usage error with what may have been meant. */
export function findCommand(words: readonly string[], entries: readonly Entry[] = tree): Found {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    const entry = words.length >= length ? entries.find(({ names }) => names.includes(name)) : undefined;
    if (entry) return { entry, rest: words.slice(length) };
  }
  throw unknownCommand(words, entries);
}

/** The verbs under a noun: `config` has list, print and check. */
export function verbsUnder(noun: string, entries: readonly Entry[] = tree): string[] {
  return entries.flatMap(({ names }) => names.filter((name) => name.startsWith(`${noun} `)));
}

function unknownCommand(words: readonly string[], entries: readonly Entry[]): Error {
  const [first = '', second = ''] = words;
  const verbs = verbsUnder(first, entries);
  const isFlag = second === '' || second.startsWith('-');
  if (verbs.length > 0 && isFlag) return usageError(`${first} needs a verb: ${verbs.join(', ')}`);
  if (verbs.length > 0)
    return usageError(`unknown command '${first} ${second}'${didYouMean(`${first} ${second}`, verbs)}`, `There are ${verbs.join(', ')}.`);
  const known = entries
    .filter(({ group }) => group !== undefined)
    .flatMap(({ names }) => names.flatMap((name) => [name, name.split(' ', 1)[0] ?? name]));
  return usageError(`unknown command '${first}'${didYouMean(first, known)}`, 'posthaste help lists them.');
}
