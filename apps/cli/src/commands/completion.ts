import { defineCommand } from '../command/command.ts';
import { completionScripts } from '../completion/scripts.ts';
import { exitCode } from '../exit-code.ts';

export const completion = defineCommand({
  summary: "a script for the shell: Tab completes commands, flags, their values and mails' ids",
  operands: [{ name: 'shell', how: 'one', doc: 'Which shell.', choices: Object.keys(completionScripts) }],
  options: {},
  examples: [
    { line: 'eval "$(posthaste completion bash)"', says: 'in ~/.bashrc' },
    { line: 'posthaste completion fish | source', says: 'in config.fish' },
  ],
  async run({ operands: [shell = ''], print }) {
    print(completionScripts[shell] ?? '');
    return exitCode.ok;
  },
});
