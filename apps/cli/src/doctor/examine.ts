import { type Address, ConfigError, formatAddress, loadConfig } from '@posthaste/config';
import { layOutDoors, type UpConfig, upFlags, upSettings } from '../config.ts';
import { withConfig } from '../command/config-options.ts';
import { endpointOf } from '../command/option-sets.ts';
import { faultsOf, programsWithSettings } from '../program-settings.ts';
import { fail, type Finding, pass, warn } from './check.ts';
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
  const isHere = where.endpoint === undefined && !env['POSTHASTE_ENDPOINT'];
  const endpoint = isHere ? `http://${formatAddress(layOutDoors(config)['api.listen'])}` : endpointOf(where.endpoint, env);
  const findings = await Promise.all([settings, ...(isHere ? checkAllHere(config) : checkNamed(config, endpoint)), checkQueue(endpoint)]);
  return [checkNode(), ...findings.flat()];
}

type Checks = readonly (Finding | readonly Finding[] | Promise<Finding | readonly Finding[]>)[];

function checkAllHere(config: UpConfig): Checks {
  const { values } = config;
  const doors = layOutDoors(config);
  return [
    checkStorage(values['up.dataDir'], values['storage.durability']),
    checkNats(natsUrlOf(config)),
    checkPrograms(doors),
    checkPorts(doors),
    checkClock(doors['api.admin']),
  ];
}

/** The api is where the endpoint says; of everything else only that is looked at of which it was said where it is. */
function checkNamed(config: UpConfig, endpoint: string): Checks {
  const isSaid = (name: keyof UpConfig['sources']) => config.sources[name].kind !== 'default';
  const isMoved = isSaid('up.portBase');
  const doors = layOutDoors(config);
  const said = Object.entries(doors).filter(([name]) => name !== 'nats' && (isMoved || isSaid(name as keyof UpConfig['sources'])));
  const named = { ...Object.fromEntries(said), 'api.listen': addressOf(endpoint) };
  return [
    ...(isSaid('up.dataDir') ? [checkStorage(config.values['up.dataDir'], config.values['storage.durability'])] : []),
    ...(isMoved || isSaid('nats.url') ? [checkNats(natsUrlOf(config))] : []),
    checkPrograms(named),
    checkPorts(named),
    ...('api.admin' in named ? [checkClock(doors['api.admin'])] : []),
    ...(isMoved
      ? []
      : [
          warn(
            'other programs',
            'looked at only where settings say where they are: an endpoint was named',
            'Name the rest with --port-base or --config.',
          ),
        ]),
  ];
}

function natsUrlOf(config: UpConfig): string {
  const { values, sources } = config;
  return sources['nats.url'].kind === 'default' ? `nats://${formatAddress(layOutDoors(config).nats)}` : values['nats.url'];
}

function addressOf(endpoint: string): Address {
  const { protocol, hostname, port } = new URL(endpoint);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (protocol === 'https:' ? 443 : 80)) };
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
