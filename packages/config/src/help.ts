import { documentSettings, settingDocuments } from './describe.ts';
import type { Environment } from './environment.ts';
import { type InForce, inForceFlag, settingsInForce } from './in-force.ts';
import { loadConfig } from './load.ts';
import type { Schema, Values } from './schema.ts';

/** What a program prints for `--help`, `--help=json` or `--settings-in-force`; undefined when nobody asks. */
export function helpFor(argv: readonly string[], schema: Schema, env: Environment = process.env): string | undefined {
  if (argv.includes(inForceFlag)) return JSON.stringify(settingsInForce(schema, { argv: [], env }));
  if (argv.includes('--help=json')) return JSON.stringify(settingDocuments(schema));
  return argv.includes('--help') || argv.includes('-h') ? documentSettings(schema) : undefined;
}

/**
 * The same for a program that does not start when it cannot take the files that its settings name.
 *
 * @param faultsOfFiles a sentence for each of them that is wrong
 */
export async function helpWithFiles<S extends Schema>(
  argv: readonly string[],
  schema: S,
  faultsOfFiles: (values: Values<S>) => Promise<readonly string[]>,
  env: Environment = process.env,
): Promise<string | undefined> {
  const help = helpFor(argv, schema, env);
  if (help === undefined || !argv.includes(inForceFlag)) return help;
  const inForce = JSON.parse(help) as InForce;
  if (inForce.faults.length > 0) return help;
  return JSON.stringify({ ...inForce, fileFaults: await faultsOfFiles(loadConfig(schema, { argv: [], env }).values) } satisfies InForce);
}
