import { configOptions } from '../command/config-options.ts';
import { defineCommand } from '../command/command.ts';
import { option } from '../command/option.ts';
import { apiOptions, outputOptions } from '../command/option-sets.ts';
import type { Finding } from '../doctor/check.ts';
import { examine } from '../doctor/examine.ts';
import { exitCode } from '../exit-code.ts';
import { withoutControls } from '../message-text.ts';
import type { Paint } from '../terminal/paint.ts';
import { renderTable } from '../terminal/table.ts';

export const doctor = defineCommand({
  summary: 'what is wrong, and what to do: settings, storage, NATS, programs, ports, upstreams',
  about:
    'Looks at the system of this machine, at the addresses of the settings. Writes nothing but a small file to the data folder, which it removes again.\nExit code 1: a check failed.',
  options: {
    ...configOptions,
    'port-base': option.int({ value: 'N', min: 1, max: 65_525, doc: 'As it was given to posthaste up.' }),
    'data-dir': option.text({ value: 'DIR', doc: 'As it was given to posthaste up.' }),
    ...apiOptions,
    ...outputOptions,
  },
  examples: [
    { line: 'posthaste doctor', says: 'of what posthaste up started' },
    { line: 'posthaste doctor --port-base 20000 -o json', says: 'of one on other ports, for programs' },
  ],
  async run({ options: { endpoint, config, output, 'port-base': portBase, 'data-dir': dataDir }, env, print, paint }) {
    const findings = await examine({ endpoint, config, portBase, dataDir }, env);
    const failed = findings.some(({ verdict }) => verdict === 'fail');
    if (output === 'json') print(JSON.stringify({ ok: !failed, findings }, undefined, 2));
    else if (output === 'jsonl') for (const finding of findings) print(JSON.stringify(finding));
    else print(describeFindings(findings, paint));
    return failed ? exitCode.failed : exitCode.ok;
  },
});

const colours = { pass: 'green', warn: 'yellow', fail: 'red' } as const;

function describeFindings(findings: readonly Finding[], paint: Paint): string {
  const rows = findings.flatMap(({ check, verdict, says, hint }) => [
    [paint(colours[verdict], verdict), check, withoutControls(says)],
    ...(hint === undefined ? [] : [['', '', paint('dim', `-> ${hint}`)]]),
  ]);
  return renderTable(rows);
}
