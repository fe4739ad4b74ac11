import { configOptions, withConfig } from '../command/config-options.ts';
import { defineCommand } from '../command/command.ts';
import { outputOptions } from '../command/option-sets.ts';
import { exitCode } from '../exit-code.ts';
import { faultsOf, programsWithSettings } from '../program-settings.ts';

export const configCheck = defineCommand({
  summary: 'whether all programs would take file and environment: all faults at once',
  about: 'Looks into the files that the relay needs to start too: certificate, key and users. One that only the relay may read is left to it.',
  options: { ...configOptions, ...outputOptions },
  examples: [{ line: 'posthaste config check --config /etc/posthaste.yaml', says: 'before it is put in force; exit code 1 tells of faults' }],
  async run({ options: { config, output }, env, print }) {
    const faults = await faultsOf(programsWithSettings, withConfig(env, config));
    if (output !== undefined && output !== 'table') print(JSON.stringify({ faults }, undefined, output === 'json' ? 2 : 0));
    else print(faults.length === 0 ? 'no faults' : faults.map((fault) => `- ${fault}`).join('\n'));
    return faults.length === 0 ? exitCode.ok : exitCode.failed;
  },
});
