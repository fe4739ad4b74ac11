import { resolve } from 'node:path';
import { option } from './option.ts';

/** What commands take that look at the settings of this machine's programs. */
export const configOptions = {
  config: option.text({ value: 'FILE', doc: 'Settings of all programs in YAML, also POSTHASTE_CONFIG.' }),
};

/** The environment in which the programs find the file. */
export function withConfig(
  env: Readonly<Record<string, string | undefined>>,
  config: string | undefined,
): Readonly<Record<string, string | undefined>> {
  return config === undefined ? env : { ...env, POSTHASTE_CONFIG: resolve(config) };
}
