import { isIP } from 'node:net';
import type { Limits } from '@posthaste/core/upstream-rules';
import type { PartFault } from '../quantity.ts';
import { Secret } from '../secret.ts';
import { upstreamKeys } from './key.ts';
import { limitNames } from './limits.ts';
import { type Preset, presets } from './preset.ts';
import type { Given } from './reading.ts';
import type { Login, TlsMode, TlsPolicy, Upstream } from './upstream.ts';

const plainDefaults = {
  connections: '20',
  adaptive: 'true',
  'tls.minVersion': '1.2',
  'timeouts.connect': '30s',
  'timeouts.reply': '30s',
  'timeouts.final': '10m',
};

/** What was said, over what the preset says, over what holds for all. `faults` takes what is wrong with it as a whole. */
export function buildUpstream(name: string, given: Given, faults: PartFault[]): Upstream {
  const fault = (key: string, problem: string) => faults.push({ part: `${name}.${key}`, problem });
  const said = new Map([...Object.entries(plainDefaults), ...presetKeys(given, fault), ...given]);
  checkWhole(said, given, fault);
  const text = (key: string) => said.get(key);
  const host = text('host') ?? '';
  const login = readLogin(said);
  const tls = readTls(said, host, login !== undefined);
  return {
    preset: text('preset'),
    region: text('region'),
    host,
    port: number(said, 'port') ?? (tls.mode === 'implicit' ? 465 : login ? 587 : 25),
    tls,
    login,
    connections: number(said, 'connections') ?? 0,
    maxConnections: number(said, 'maxConnections'),
    messagesPerConnection: number(said, 'messagesPerConnection'),
    limits: readLimits(said),
    adaptive: text('adaptive') === 'true',
    timeouts: {
      connectMs: number(said, 'timeouts.connect') ?? 0,
      replyMs: number(said, 'timeouts.reply') ?? 0,
      finalMs: number(said, 'timeouts.final') ?? 0,
    },
  };
}

type Fault = (key: string, problem: string) => void;

function presetKeys(given: Given, fault: Fault): [string, string][] {
  const name = given.get('preset') ?? '';
  const preset: Preset | undefined = Object.hasOwn(presets, name) ? presets[name] : undefined;
  const region = given.get('region') ?? preset?.region;
  if (region !== undefined && !preset?.regions) fault('region', name === '' ? 'only a preset has regions' : `the preset ${name} has no regions`);
  if (!preset) return [];
  if (!preset.hostOf || !preset.regions) return Object.entries(preset.keys);
  if (region === undefined && !given.has('host')) fault('region', `the preset ${name} needs a region, such as eu-west-1, or a host`);
  if (region !== undefined && !preset.regions.test(region)) fault('region', `came '${region}', expected one that ${name} has`);
  return [
    ...Object.entries(preset.keys),
    ...(region === undefined
      ? []
      : ([
          ['region', region],
          ['host', preset.hostOf(region)],
        ] as [string, string][])),
  ];
}

function checkWhole(said: ReadonlyMap<string, string>, given: Given, fault: Fault): void {
  const hasPassword = said.has('password') || said.has('passwordFile');
  if (!said.has('host') && !said.has('preset')) fault('host', 'missing: expected a host, a url or a preset');
  if (said.has('password') && said.has('passwordFile')) fault('passwordFile', 'given beside a password; keep one');
  if (hasPassword && !said.has('user')) fault('user', 'missing: there is a password');
  if (given.has('user') && !hasPassword) fault('password', 'missing: there is a user; give password or passwordFile');
}

/** A provider's preset may know the user; without a password there is no login. */
function readLogin(said: ReadonlyMap<string, string>): Login | undefined {
  const [user, text, path] = [said.get('user'), said.get('password'), said.get('passwordFile')];
  if (user === undefined || (text === undefined && path === undefined)) return undefined;
  return { user, password: text === undefined ? { kind: 'file', path: path ?? '' } : { kind: 'given', secret: new Secret(text) } };
}

/** A password does not cross a network in clear text unless somebody wrote that it may. */
function readTls(said: ReadonlyMap<string, string>, host: string, hasLogin: boolean): TlsPolicy {
  const exposed = hasLogin && !isLocal(host);
  const mode = (said.get('tls.mode') as TlsMode | undefined) ?? defaultTls(said.get('port'), exposed);
  const verify = said.get('tls.verify');
  return {
    mode,
    verify: verify === undefined ? mode !== 'none' && (mode !== 'opportunistic' || exposed) : verify === 'true',
    ca: said.get('tls.ca'),
    minVersion: said.get('tls.minVersion') === '1.3' ? '1.3' : '1.2',
    servername: said.get('tls.servername'),
  };
}

/** By what a port is for (RFC 8314) and by what is at stake. */
export function defaultTls(port: string | undefined, exposed: boolean): TlsMode {
  if (port === '465') return 'implicit';
  return exposed ? 'required' : 'opportunistic';
}

/** Whether what goes there stays on this machine. */
export function isLocal(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === '::1' || host === 'localhost' || host.endsWith('.localhost');
}

function number(said: ReadonlyMap<string, string>, key: string): number | undefined {
  const text = said.get(key);
  const parsed = text === undefined ? undefined : upstreamKeys[key]?.(text);
  return parsed?.kind === 'value' ? (parsed.value as number) : undefined;
}

function readLimits(said: ReadonlyMap<string, string>): Limits {
  return Object.fromEntries(limitNames.flatMap((name) => (said.has(`limits.${name}`) ? [[name, number(said, `limits.${name}`)]] : [])));
}
