import { defineCommand } from '../command/command.ts';
import { commandHelp, rows } from '../command/help.ts';
import { exitCode, exitCodeMeanings } from '../exit-code.ts';
import type { Paint } from '../terminal/paint.ts';
import { type Entry, findCommand, type Group, tree, verbsUnder } from '../tree.ts';

const topic = 'exit-codes';

export const help = defineCommand({
  summary: 'this overview, or more about one command',
  operands: [{ name: 'command', how: 'any', completes: 'commands', doc: `A command, or ${topic}. Default: the overview` }],
  options: {},
  examples: [
    { line: 'posthaste help send', says: 'options and examples of one command' },
    { line: `posthaste help ${topic}`, says: 'what a script can tell apart' },
  ],
  async run({ operands, print, paint }) {
    print(await helpOn(operands, paint));
    return exitCode.ok;
  },
});

async function helpOn(words: readonly string[], paint: Paint): Promise<string> {
  const [first, ...rest] = words;
  if (first === undefined) return overview(tree, paint);
  if (first === topic && rest.length === 0) return describeExitCodes(paint);
  const isNoun = rest.length === 0 && !tree.some(({ names }) => names.includes(first)) && verbsUnder(first).length > 0;
  if (isNoun)
    return overview(
      tree.filter(({ names }) => names.some((name) => name.startsWith(`${first} `))),
      paint,
    );
  const { entry } = findCommand(words);
  return commandHelp(entry.names, await entry.load(), paint);
}

async function overview(entries: readonly Entry[], paint: Paint): Promise<string> {
  const lines = await Promise.all(entries.map(async ({ group, names: [name], load }) => ({ group, name, summary: (await load()).summary })));
  const shown = lines.filter((line): line is typeof line & { group: Group } => line.group !== undefined);
  const groups = [...Map.groupBy(shown, ({ group }) => group)].map(
    ([group, members]) => `${paint('bold', group)}\n${rows(members.map(({ name, summary }) => [`posthaste ${name}`, summary]))}`,
  );
  return ['posthaste: asynchronous email delivery', ...groups, `posthaste <command> --help tells more; posthaste help ${topic}`].join('\n\n');
}

function describeExitCodes(paint: Paint): string {
  const codes = rows([...exitCodeMeanings].map(([code, meaning]) => [String(code), meaning]));
  return `${paint('bold', 'Exit codes')}\n${codes}\n\nsendmail answers with those of sysexits.h: 0, 64 usage, 65 the message, 69 unavailable, 75 try again later, 77 not allowed.`;
}
