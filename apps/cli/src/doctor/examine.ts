import { ConfigError, formatAddress, loadConfig } from '@posthaste/config';
import { layOutDoors, type UpConfig, upFlags, upSettings } from '../config.ts';
import { withConfig } from '../command/config-options.ts';
import { endpointOf } from '../command/option-sets.ts';
import { faultsOf, programsWithSettings } from '../program-settings.ts';
import { fail, type Finding, pass } from './check.ts';
import { checkNode, checkStorage } from './machine.ts';
import { checkClock, checkNats, checkPorts, checkPrograms } from './programs.ts';
import { checkQueue } from './queue.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Where the system is. */
export interface Whereabouts {
  readonly endpoint: string | undefined;
  readonly config: string | undefined;
  readonly portBase: number | undefined;
  readonly dataDir: string | undefined;
}

/** All checks, in the order of their causes: what is wrong further up explains what is wrong below. */
export async function examine(where: Whereabouts, env: Env): Promise<Finding[]> {
  const config = load(where, env);
  const settings = checkSettings(withConfig(env, where.config));
  if (config instanceof ConfigError) return [checkNode(), await settings];
  const { values, sources } = config;
  const doors = layOutDoors(config);
  const natsUrl = sources['nats.url'].kind === 'default' ? `nats://${formatAddress(doors.nats)}` : values['nats.url'];
  const isHere = where.endpoint === undefined && !env['POSTHASTE_ENDPOINT'];
  const findings = await Promise.all([
    settings,
    checkStorage(values['up.dataDir'], values['storage.durability']),
    checkNats(natsUrl),
    checkPrograms(doors),
    checkPorts(doors),
    checkClock(doors['api.admin']),
    checkQueue(isHere ? `http://${formatAddress(doors['api.listen'])}` : endpointOf(where.endpoint, env)),
  ]);
  return [checkNode(), ...findings.flat()];
}

function load({ config, portBase, dataDir }: Whereabouts, env: Env): UpConfig | ConfigError {
  const flags = { config, 'port-base': portBase, 'data-dir': dataDir };
  const argv = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));
  try {
    return loadConfig(upSettings, { argv, env, aliases: upFlags, ownSections: ['up'] });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

async function checkSettings(env: Env): Promise<Finding> {
  const faults = await faultsOf(programsWithSettings, env);
  if (faults.length === 0) return pass('settings', 'every program would take them');
  return fail('settings', faults.join('; '), 'posthaste config check lists them; posthaste settings says what each may be.');
}
