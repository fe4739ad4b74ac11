import { loadConfig } from '@posthaste/config';
import { describe, expect, it } from 'vitest';
import { commandHelp } from './command/help.ts';
import { parseCall } from './command/parse.ts';
import { upFlags, upSettings } from './config.ts';
import { readSendmailFlags } from './sendmail/flags.ts';
import { plain } from './terminal/paint.ts';
import { findCommand, tree } from './tree.ts';

describe.each(tree)('posthaste $names.0', (entry) => {
  it('says in half a sentence what it does, and what each option and operand is', async () => {
    const { summary, options, operands = [] } = await entry.load();
    expect(summary).toMatch(/^[^.]{10,}[^.]$/);
    for (const { doc } of [...Object.values(options), ...operands]) expect(doc).toMatch(/\S{2}/);
  });

  it('has examples that are what they say: calls of it that parse', async () => {
    const command = await entry.load();
    expect(command.examples.length).toBeGreaterThan(0);
    for (const { line, says } of command.examples) {
      expect(says).not.toBe('');
      const words = wordsOf(line);
      if (words === undefined) continue;
      const { entry: found, rest } = findCommand(words);
      expect(found.names[0], line).toBe(entry.names[0]);
      readFlags(entry.names[0], rest, command);
    }
  });

  it('shows all of it in its help', async () => {
    const command = await entry.load();
    const help = commandHelp(entry.names, command, plain);
    for (const name of Object.keys(command.options)) expect(help).toMatch(new RegExp(`(^|\\s)--?${name}\\b`, 'm'));
    for (const alias of entry.names) expect(help).toContain(alias);
    for (const { line } of command.examples) expect(help).toContain(line);
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(170);
  });
});

/** Those of the call of posthaste in a line of shell; undefined for a line that only mentions it. */
function wordsOf(line: string): string[] | undefined {
  const [, call] = /(?:^|\| |\$\()posthaste ([^|<>)]*)/.exec(line) ?? [];
  return call?.match(/"[^"]*"|\S+/g)?.map((word) => word.replace(/^"|"$/g, ''));
}

function readFlags(name: string, rest: readonly string[], command: Parameters<typeof parseCall>[0]): void {
  if (name === 'sendmail') readSendmailFlags(rest);
  else if (name === 'up') loadConfig(upSettings, { argv: rest, env: {}, aliases: upFlags, ownSections: ['up'] });
  else if (command.grammar !== 'own') parseCall(command, rest, new Date());
}

it('gives each name to one command', () => {
  const names = tree.flatMap((entry) => entry.names);
  expect(new Set(names).size).toBe(names.length);
});

it('takes the longest name, and leaves the rest to the command', () => {
  expect(findCommand(['message', 'get', 'x'])).toMatchObject({ entry: { names: expect.arrayContaining(['status']) }, rest: ['x'] });
  expect(findCommand(['ls', '-a'])).toMatchObject({ entry: { names: expect.arrayContaining(['list']) }, rest: ['-a'] });
});

it('says what may have been meant', () => {
  expect(() => findCommand(['stast'])).toThrow("unknown command 'stast' (did you mean stats?)");
  expect(() => findCommand(['messages'])).toThrow("unknown command 'messages' (did you mean message?)");
  expect(() => findCommand(['config', 'chekc'])).toThrow("unknown command 'config chekc' (did you mean config check?)");
  expect(() => findCommand(['config', '--help'])).toThrow('config needs a verb: config list');
});
