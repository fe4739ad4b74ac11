import type { SettingInForce } from './describe.ts';
import { ConfigError, loadConfig, type LoadOptions } from './load.ts';
import { type Schema, variablePrefix, wellKnownVariables } from './schema.ts';

/** What a program would run with, or why it would not start. */
export interface InForce {
  /** Empty when there are faults. */
  readonly settings: readonly SettingInForce[];
  readonly faults: readonly string[];
  /** What is wrong with files that the settings name, which would keep the program from starting as well. */
  readonly fileFaults?: readonly string[];
}

/** The flag by which a program is asked for its InForce as JSON. */
export const inForceFlag = '--settings-in-force';

export function settingsInForce(schema: Schema, options: LoadOptions): InForce {
  try {
    return { settings: loadConfig(schema, options).list(), faults: [] };
  } catch (error) {
    if (error instanceof ConfigError) return { settings: [], faults: error.faults };
    throw error;
  }
}

/** Whether the environment says anything about any program's settings. */
export function holdsSettings(env: LoadOptions['env']): boolean {
  return Object.entries(env).some(([name, text]) => name.startsWith(variablePrefix) && !wellKnownVariables.includes(name) && text);
}
