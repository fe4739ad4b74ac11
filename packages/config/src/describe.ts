import { hidden } from './redact.ts';
import { describeSource, type Schema, type Source, variableName } from './schema.ts';
import type { Setting } from './setting.ts';

export function describeValues(schema: Schema, values: Readonly<Record<string, unknown>>, sources: Readonly<Record<string, Source>>): string {
  const rows = Object.entries(schema).map(([key, setting]) => ({
    key,
    value: showValue(setting, values[key]),
    source: describeSource(sources[key] ?? { kind: 'default' }),
  }));
  const width = (texts: readonly string[]) => Math.max(0, ...texts.map((text) => text.length));
  const keyWidth = width(rows.map((row) => row.key));
  const valueWidth = Math.min(40, width(rows.map((row) => row.value)));
  return rows.map((row) => `${row.key.padEnd(keyWidth)}  ${row.value.padEnd(valueWidth)}  (${row.source})`).join('\n');
}

function showValue(setting: Setting<unknown>, value: unknown): string {
  if (value === undefined) return 'not set';
  return setting.secret ? hidden : setting.show(value);
}

/** What can be set, for a `--help`: key, kind, default, variable and meaning of each. */
export function documentSettings(schema: Schema): string {
  return Object.entries(schema)
    .map(([key, setting]) => `  --${key}=<${setting.kind}>  ${variableName(key)}${defaultOf(setting)}\n      ${setting.doc}`)
    .join('\n');
}

/** What a program prints for `--help`, or undefined when nobody asks. */
export function helpFor(argv: readonly string[], schema: Schema): string | undefined {
  return argv.includes('--help') || argv.includes('-h') ? documentSettings(schema) : undefined;
}

function defaultOf(setting: Setting<unknown>): string {
  const parsed = setting.default === undefined ? undefined : setting.parse(setting.default);
  return parsed?.kind === 'value' ? `  [${showValue(setting, parsed.value)}]` : '';
}
