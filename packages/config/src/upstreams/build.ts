import { isIP } from 'node:net';
import type { Limits } from '@posthaste/core/upstream-rules';
import type { PartFault } from '../quantity.ts';
import { Secret } from '../secret.ts';
import { upstreamKeys } from './key.ts';
import { limitNames } from './limits.ts';
import { type Preset, presets } from './preset.ts';
import type { Given } from './reading.ts';
import type { Login, OAuthClient, TlsMode, TlsPolicy, Upstream } from './upstream.ts';

const plainDefaults = {
  connections: '20',
  idleTimeout: '1m',
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
    idleTimeoutMs: number(said, 'idleTimeout') ?? 0,
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
  if (region === undefined && !given.has('host'))
    fault(
      'region',
      `the preset ${name} needs a region, such as preset://user:password@${name}?region=eu-west-1 or in a file region: eu-west-1, or a host`,
    );
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
  const secrets = ['password', 'passwordFile', 'tokenFile', 'oauth.refreshTokenFile'].filter((key) => said.has(key));
  const hasClient = [...given.keys()].some((key) => key.startsWith('oauth.'));
  if (!said.has('host') && !said.has('preset')) fault('host', 'missing: expected a host, a url or a preset');
  for (const key of secrets.slice(1)) fault(key, `given beside ${secrets[0] === 'password' ? 'a password' : secrets[0]}; keep one`);
  if (hasClient) for (const key of clientKeys) if (!said.has(key)) fault(key, 'missing: there are other keys of oauth');
  if ((secrets.length > 0 || hasClient) && !said.has('user'))
    fault('user', `missing: there is a ${secrets[0]?.startsWith('password') ? 'password' : 'token'}`);
  if (given.has('user') && secrets.length === 0 && !hasClient)
    fault('password', 'missing: there is a user; give password or passwordFile, or for OAuth tokenFile or the keys of oauth');
}

/** What fetching tokens cannot go without. */
const clientKeys = ['oauth.tokenUrl', 'oauth.clientId', 'oauth.refreshTokenFile'];

/** A provider's preset may know the user; without a secret there is no login. */
function readLogin(said: ReadonlyMap<string, string>): Login | undefined {
  const [user, text, path, tokenPath] = [said.get('user'), said.get('password'), said.get('passwordFile'), said.get('tokenFile')];
  const client = readClient(said);
  if (user === undefined) return undefined;
  if (text !== undefined) return { kind: 'password', user, password: { kind: 'given', secret: new Secret(text) } };
  if (path !== undefined) return { kind: 'password', user, password: { kind: 'file', path } };
  if (tokenPath !== undefined) return { kind: 'token', user, path: tokenPath };
  return client && { kind: 'refresh', user, client };
}

function readClient(said: ReadonlyMap<string, string>): OAuthClient | undefined {
  const [tokenUrl, clientId, refreshTokenPath] = clientKeys.map((key) => said.get(key));
  if (tokenUrl === undefined || clientId === undefined || refreshTokenPath === undefined) return undefined;
  return { tokenUrl, clientId, refreshTokenPath, secretPath: said.get('oauth.clientSecretFile') };
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
