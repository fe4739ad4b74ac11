import { defineCommand } from '../command/command.ts';
import { exitCode } from '../exit-code.ts';
import { programsWithSettings, settingsOf } from '../program-settings.ts';

export const settings = defineCommand({
  summary: 'what can be set, of all programs or of one: defaults, units, variables',
  operands: [{ name: 'program', how: 'optional', doc: 'Default: all', choices: programsWithSettings }],
  options: {},
  examples: [
    { line: 'posthaste settings', says: 'all of them' },
    { line: 'posthaste settings relay', says: 'those of one program' },
  ],
  async run({ operands: [program], env, print, paint }) {
    if (program !== undefined) print(await settingsOf(program, env));
    else {
      const texts = await Promise.all(programsWithSettings.map(async (name) => `${paint('bold', name)}\n${await settingsOf(name, env)}`));
      print(texts.join('\n\n'));
    }
    return exitCode.ok;
  },
});
