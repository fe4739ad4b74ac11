import { readFileSync } from 'node:fs';
import { describeSettings, listValues, type SettingInForce } from './describe.ts';
import { type Environment, type ReadFile, readEnvironment } from './environment.ts';
import { readFileSettings } from './file.ts';
import { readFlags } from './flags.ts';
import type { PartFault } from './quantity.ts';
import { hidden, quoteInput } from './redact.ts';
import { checkSchema, describeSource, type Found, type Known, type Reading, type Schema, sectionOf, type Source, type Values } from './schema.ts';

export interface LoadOptions {
  readonly argv: readonly string[];
  readonly env: Environment;
  /** For tests. */
  readonly readFile?: ReadFile;
  /**
   * Sections all of whose keys the schema holds; by default each section it has a key of. A program that reads a few settings of others
   * (as `posthaste up` reads their addresses) names its own here, and leaves the others' unknown keys to them.
   */
  readonly ownSections?: readonly string[];
  /** Shorter flags: the flag without its dashes, and the key that it sets. */
  readonly aliases?: Readonly<Record<string, string>>;
}

export interface Config<S extends Schema> {
  readonly values: Values<S>;
  readonly sources: Readonly<Record<keyof S, Source>>;
  /** The file that was read, if one was named. */
  readonly file: string | undefined;
  /** The effective configuration, secrets redacted. */
  list(): readonly SettingInForce[];
  /** The same as text: one line a setting with its value and its source. */
  describe(): string;
}

/** Every fault at once: nobody wants to mend a configuration one start at a time. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(
      `the configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.faults = faults;
  }
}

/** Defaults < file < environment < flags. Throws a ConfigError that names all faults. */
export function loadConfig<const S extends Schema>(schema: S, options: LoadOptions): Config<S> {
  checkSchema(schema);
  const readFile = options.readFile ?? ((path: string) => readFileSync(path, 'utf8'));
  const ownSections = new Set(options.ownSections ?? Object.keys(schema).map(sectionOf));
  const known: Known = { schema, ownSections };
  const flags = readFlags(options.argv, known, options.aliases);
  const path = flags.configPath ?? options.env['POSTHASTE_CONFIG'];
  const file = readConfigFile(path, known, readFile);
  const environment = readEnvironment(options.env, known, readFile);
  const resolved = resolve(
    schema,
    [file, environment, flags].flatMap((reading) => reading.found),
  );
  const faults = [file, environment, flags, resolved].flatMap((reading) => reading.faults);
  if (faults.length > 0) throw new ConfigError(faults);
  const values = resolved.values as Values<S>;
  const sources = resolved.sources as Record<keyof S, Source>;
  const list = () => listValues(schema, resolved.values, resolved.sources);
  return { values, sources, file: path || undefined, list, describe: () => describeSettings(list()) };
}

function readConfigFile(path: string | undefined, known: Known, readFile: ReadFile): Reading {
  if (path === undefined || path === '') return { found: [], faults: [] };
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    return { found: [], faults: [`the configuration file ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`] };
  }
  return readFileSettings(text, path, known);
}

interface Resolved {
  readonly values: Record<string, unknown>;
  readonly sources: Record<string, Source>;
  readonly faults: string[];
}

/** `found` goes from the weakest source to the strongest; a value that a stronger one overrides is not even parsed. */
function resolve(schema: Schema, found: readonly Found[]): Resolved {
  const strongest = new Map(found.map((each) => [each.key, each]));
  const resolved: Resolved = { values: {}, sources: {}, faults: [] };
  for (const key of Object.keys(schema)) resolveOne(schema, key, strongest.get(key), resolved);
  if (resolved.faults.length === 0) settleAll(schema, resolved);
  return resolved;
}

function resolveOne(schema: Schema, key: string, found: Found | undefined, resolved: Resolved): void {
  const setting = schema[key];
  if (!setting) return;
  const source = found?.source ?? { kind: 'default' };
  const input = found ? found.input : setting.default;
  resolved.sources[key] = source;
  if (input === undefined) {
    resolved.values[key] = undefined;
    if (!setting.optional && !setting.settle) resolved.faults.push(`${key}: missing; ${setting.doc} Expected ${setting.kind}.`);
    return;
  }
  const parsed = setting.parse(input);
  if (parsed.kind === 'value') resolved.values[key] = parsed.value;
  else if (parsed.faults) resolved.faults.push(...partFaults(key, source, parsed.faults));
  else resolved.faults.push(`${key} (${describeSource(source)}): came ${setting.secret ? hidden : quoteInput(input)}, expected ${parsed.expected}`);
}

function partFaults(key: string, source: Source, faults: readonly PartFault[]): string[] {
  return faults.map(({ part, problem }) => `${part === '' ? key : `${key}.${part}`} (${describeSource(source)}): ${problem}`);
}

function settleAll(schema: Schema, resolved: Resolved): void {
  for (const [key, setting] of Object.entries(schema)) {
    const settled = setting.settle?.(resolved.values[key], resolved.values);
    if (settled?.kind === 'value') resolved.values[key] = settled.value;
    const source = resolved.sources[key] ?? { kind: 'default' };
    if (settled?.kind === 'refused' && settled.faults) resolved.faults.push(...partFaults(key, source, settled.faults));
    else if (settled?.kind === 'refused') resolved.faults.push(`${key} (${describeSource(source)}): expected ${settled.expected}`);
  }
}
