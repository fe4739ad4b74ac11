import { didYouMean } from '@posthaste/config/nearest';
import type { Command } from './command/command.ts';
import { usageError } from './failure.ts';

export type Group = 'Mail' | 'System' | 'Shell';

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
  { group: 'System', names: ['up'], load: async () => (await import('./commands/up.ts')).up },
  { group: 'System', names: ['doctor'], load: async () => (await import('./commands/doctor.ts')).doctor },
  { group: 'System', names: ['settings', 'config list', 'config ls'], load: async () => (await import('./commands/settings.ts')).settings },
  { group: 'System', names: ['config print', 'config show'], load: async () => (await import('./commands/config-print.ts')).configPrint },
  { group: 'System', names: ['config check'], load: async () => (await import('./commands/config-check.ts')).configCheck },
  { group: 'System', names: ['policy explain', 'policy show'], load: async () => (await import('./commands/policy-explain.ts')).policyExplain },
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
