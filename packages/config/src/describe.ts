import { hidden } from './redact.ts';
import { describeSource, type Schema, type Source, variableName } from './schema.ts';
import type { Setting } from './setting.ts';

/** A setting as it is in force. */
export interface SettingInForce {
  readonly key: string;
  /** Redacted. */
  readonly value: string;
  /** Such as `default` or `env POSTHASTE_RELAY_LISTEN`. */
  readonly source: string;
}

export function listValues(
  schema: Schema,
  values: Readonly<Record<string, unknown>>,
  sources: Readonly<Record<string, Source>>,
): readonly SettingInForce[] {
  return Object.entries(schema).map(([key, setting]) => ({
    key,
    value: showValue(setting, values[key]),
    source: describeSource(sources[key] ?? { kind: 'default' }),
  }));
}

/** One line a setting. */
export function describeSettings(rows: readonly SettingInForce[]): string {
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

/** A setting as `--help=json` tells it. */
export interface SettingDocument {
  readonly key: string;
  readonly variable: string;
  readonly kind: string;
  /** As a file or a variable would give it; absent when there is none. */
  readonly default?: string;
  readonly secret: boolean;
  readonly doc: string;
}

export function settingDocuments(schema: Schema): readonly SettingDocument[] {
  return Object.entries(schema).map(([key, setting]) => {
    const parsed = setting.default === undefined ? undefined : setting.parse(setting.default);
    const shown = parsed?.kind === 'value' ? { default: showValue(setting, parsed.value) } : {};
    return { key, variable: variableName(key), kind: setting.kind, ...shown, secret: setting.secret, doc: setting.doc };
  });
}

function defaultOf(setting: Setting<unknown>): string {
  const parsed = setting.default === undefined ? undefined : setting.parse(setting.default);
  return parsed?.kind === 'value' ? `  [${showValue(setting, parsed.value)}]` : '';
}
