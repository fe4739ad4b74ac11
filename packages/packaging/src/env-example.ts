import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import type { SettingDocument } from '@posthaste/config';
import { serverNames, sourceOf, type ProgramName } from './program.ts';

const opening = `# Every setting of every program as an environment variable, with its default. What is commented out need not be set.
# Made from the programs' own schemas: pnpm env-example`;

/** The text of deploy/env.example. What several programs share stands first, once. */
export function envExample(): string {
  const documents = serverNames.map((program) => ({ program, settings: askSettings(program) }));
  const uses = new Map<string, number>();
  for (const { settings } of documents) for (const { variable } of settings) uses.set(variable, (uses.get(variable) ?? 0) + 1);
  const isShared = ({ variable }: SettingDocument) => (uses.get(variable) ?? 0) > 1;
  const shared = new Map(documents.flatMap(({ settings }) => settings.filter(isShared).map((one) => [one.variable, one])));
  const own = documents.map(({ program, settings }) =>
    section(
      program,
      settings.filter((one) => !isShared(one)),
    ),
  );
  return `${[opening, section('several programs', [...shared.values()]), ...own].join('\n\n')}\n`;
}

function section(title: string, settings: readonly SettingDocument[]): string {
  return [`# --- ${title}`, ...settings.map(entry)].join('\n\n');
}

function entry({ variable, kind, secret, doc, default: value = '' }: SettingDocument): string {
  const secrecy = secret ? `, secret: ${variable}_FILE may name a file that holds it` : '';
  // The file is the same wherever it is made.
  const [shown, from] = value === hostname() ? ['', ', by default the name of the machine'] : [value, ''];
  return `# ${doc} (${kind}${secrecy}${from})\n#${variable}=${shown}`;
}

/** Each program knows its own settings: it is asked. */
function askSettings(program: ProgramName): readonly SettingDocument[] {
  const { stdout, stderr, status } = spawnSync(process.execPath, [sourceOf(program), '--help=json'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} does not tell its settings: ${stderr.trim()}`);
  return JSON.parse(stdout) as readonly SettingDocument[];
}
