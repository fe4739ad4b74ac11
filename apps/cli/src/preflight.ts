import { ConfigError, holdsSettings } from '@posthaste/config';
import type { UpConfig } from './config.ts';
import { withConfig } from './command/config-options.ts';
import { faultsOf } from './program-settings.ts';
import { appNames, childEnvironment, namesOf, type Road } from './programs.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Throws a ConfigError with the faults of all programs that would start, so that nobody has to mend a configuration one start at a time. */
export async function checkSettings(road: Road, config: UpConfig): Promise<void> {
  // Programs that are told nothing find no fault in it, and asking them all takes more than a second.
  if (!tellsPrograms(config, road.env)) return;
  const faults = await faultsOf(namesOf(road), childEnvironment(road), road.appsFolder);
  if (faults.length > 0) throw new ConfigError(faults);
}

/** What else is wrong when the settings of `up` are: its own faults, and then those of the programs. */
export async function withProgramFaults(error: ConfigError, argv: readonly string[], env: Env, appsFolder: string): Promise<ConfigError> {
  const told = withConfig(env, fileFrom(argv));
  if (!holdsSettings(told) && !told['POSTHASTE_CONFIG']) return error;
  const theirs = await faultsOf(appNames, told, appsFolder);
  return new ConfigError([...new Set([...error.faults, ...theirs])]);
}

function tellsPrograms({ file, sources }: UpConfig, env: Env): boolean {
  return file !== undefined || holdsSettings(env) || Object.entries(sources).some(([key, { kind }]) => kind !== 'default' && !key.startsWith('up.'));
}

function fileFrom(argv: readonly string[]): string | undefined {
  const at = argv.findLastIndex((word) => /^--config(=|$)/.test(word));
  return at < 0 ? undefined : argv[at] === '--config' ? argv[at + 1] : argv[at]?.slice('--config='.length);
}
