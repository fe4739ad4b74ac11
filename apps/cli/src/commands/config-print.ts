import { describeSettings } from '@posthaste/config';
import { configOptions, withConfig } from '../command/config-options.ts';
import { defineCommand } from '../command/command.ts';
import { outputOptions } from '../command/option-sets.ts';
import { exitCode } from '../exit-code.ts';
import { inForceOf, programsWithSettings } from '../program-settings.ts';

export const configPrint = defineCommand({
  summary: 'the settings in force with their sources, secrets hidden',
  about: `What each program would run with if it were started here by itself: its defaults, the file, and this environment. A program under
\`posthaste up\` gets some more from it, such as its ports: that one prints them when it starts with --log.level debug.`,
  operands: [{ name: 'program', how: 'optional', doc: 'Default: all', choices: programsWithSettings }],
  options: { ...configOptions, ...outputOptions },
  examples: [
    { line: 'posthaste config print relay', says: 'one program' },
    { line: 'posthaste config print --config /etc/posthaste.yaml -o json', says: 'all programs, with a file' },
  ],
  async run({ operands: [program], options: { config, output }, env, print, say, paint }) {
    const names = program === undefined ? programsWithSettings : [program];
    const all = await Promise.all(names.map(async (name) => ({ program: name, ...(await inForceOf(name, withConfig(env, config))) })));
    if (output === 'json') print(JSON.stringify({ programs: all }, undefined, 2));
    else if (output === 'jsonl') for (const each of all) print(JSON.stringify(each));
    else {
      const told = all.filter(({ settings }) => settings.length > 0);
      if (told.length > 0) print(told.map((each) => `${paint('bold', each.program)}\n${describeSettings(each.settings)}`).join('\n\n'));
    }
    for (const fault of new Set(all.flatMap(({ faults }) => faults))) say(fault);
    return all.some(({ faults }) => faults.length > 0) ? exitCode.failed : exitCode.ok;
  },
});
