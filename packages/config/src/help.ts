import { documentSettings, settingDocuments } from './describe.ts';
import type { Environment } from './environment.ts';
import { inForceFlag, settingsInForce } from './in-force.ts';
import type { Schema } from './schema.ts';

/** What a program prints for `--help`, `--help=json` or `--settings-in-force`; undefined when nobody asks. */
export function helpFor(argv: readonly string[], schema: Schema, env: Environment = process.env): string | undefined {
  if (argv.includes(inForceFlag)) return JSON.stringify(settingsInForce(schema, { argv: [], env }));
  if (argv.includes('--help=json')) return JSON.stringify(settingDocuments(schema));
  return argv.includes('--help') || argv.includes('-h') ? documentSettings(schema) : undefined;
}
