import { parseArgs } from 'node:util';
import { didYouMean } from './nearest.ts';
import type { Found, Known, Reading } from './schema.ts';

export interface Flags extends Reading {
  /** The value of --config. */
  readonly configPath: string | undefined;
}

/**
 * Reads `--key=value` and `--key value`; a bare flag of a true-or-false setting means true. The last of several wins. `aliases` gives keys a
 * second, shorter flag: `--data-dir` for `--up.dataDir`.
 */
export function readFlags(argv: readonly string[], known: Known, aliases: Readonly<Record<string, string>> = {}): Flags {
  const keys = new Map([...Object.keys(known.schema).map((key) => [key, key] as const), ...Object.entries(aliases), ['config', 'config'] as const]);
  const isBare = (name: string) => known.schema[keys.get(name) ?? '']?.kind === 'true or false';
  const options = Object.fromEntries([...keys.keys()].map((name) => [name, { type: isBare(name) ? ('boolean' as const) : ('string' as const) }]));
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const found: Found[] = [];
  const faults: string[] = [];
  let configPath: string | undefined;
  for (const token of tokens) {
    if (token.kind === 'positional') faults.push(`unexpected argument '${token.value}': settings are given as --key=value`);
    if (token.kind !== 'option') continue;
    const key = keys.get(token.name);
    const value = token.value ?? (isBare(token.name) ? 'true' : undefined);
    if (key === undefined)
      faults.push(
        `unknown flag ${token.rawName}${didYouMean(
          token.rawName,
          [...keys.keys()].map((name) => `--${name}`),
        )}`,
      );
    else if (value === undefined) faults.push(`flag ${token.rawName} needs a value: ${token.rawName}=...`);
    else if (key === 'config') configPath = value;
    else found.push({ key, input: value, source: { kind: 'flag', flag: token.rawName } });
  }
  return { found, faults, configPath };
}
