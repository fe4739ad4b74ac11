import { ConfigError, setting, type Setting } from '@posthaste/config';

/** Where an upstream is and how it is spoken to. */
export interface UpstreamTarget {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /**
   * - `immediate`: TLS from the first byte (smtps:), certificate verified.
   * - `required`: STARTTLS or nothing, certificate verified.
   * - `opportunistic`: STARTTLS when offered, certificate not verified (RFC 7435).
   * - `none`: clear text.
   */
  readonly tls: 'immediate' | 'required' | 'opportunistic' | 'none';
  readonly login?: { readonly user: string; readonly password: string };
  /** Most connections of this sender. */
  readonly connections: number;
  /** Most connections of all senders together: this one opens what the scheduler allots. */
  readonly maxConnections?: number;
  /** Longest wait for a connection, the greeting, the reply to a command, or progress in writing a body. */
  readonly timeoutMs: number;
}

/** What may stand behind the question mark of an upstream's URL. */
const options = {
  connections: setting.int({ default: 20, min: 1, max: 1000, doc: 'How many connections are kept.' }),
  tls: setting.oneOf(['required', 'none', 'opportunistic'], { optional: true, doc: 'Whether STARTTLS is a must.' }),
  timeout: setting.duration({ default: '30s', doc: 'Longest wait for a reply.' }),
};

/** Reads `smtp://user:password@host:port?connections=20&tls=required&timeout=30s` for each name. Throws a ConfigError with all faults. */
export function readTargets(upstreams: Readonly<Record<string, string>>): UpstreamTarget[] {
  const faults: string[] = [];
  const targets = Object.entries(upstreams).map(([name, url]) => readTarget(name, new URL(url), faults));
  if (faults.length > 0) throw new ConfigError(faults);
  return targets;
}

function readTarget(name: string, url: URL, faults: string[]): UpstreamTarget {
  for (const key of url.searchParams.keys()) {
    if (!(key in options)) faults.push(`upstreams.${name}: unknown option ${key}; expected one of ${Object.keys(options).join(', ')}`);
  }
  const login = readLogin(url);
  return {
    name,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (url.protocol === 'smtps:' ? 465 : 25),
    tls: url.protocol === 'smtps:' ? 'immediate' : (readOption(name, url, 'tls', faults) ?? defaultTls(url)),
    ...(login ? { login } : {}),
    connections: readOption(name, url, 'connections', faults) ?? 0,
    timeoutMs: readOption(name, url, 'timeout', faults) ?? 0,
  };
}

function readOption<K extends keyof typeof options>(name: string, url: URL, key: K, faults: string[]) {
  const given = url.searchParams.get(key);
  const input = given ?? options[key].default;
  if (input === undefined) return undefined;
  const parsed = options[key].parse(input);
  if (parsed.kind === 'value') return parsed.value as OptionValue<K>;
  faults.push(`upstreams.${name}: ${key} came as '${given}', expected ${parsed.expected}`);
  return undefined;
}

type OptionValue<K extends keyof typeof options> = (typeof options)[K] extends Setting<infer T> ? T : never;

function readLogin(url: URL): UpstreamTarget['login'] {
  if (url.username === '') return undefined;
  return { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
}

/** A password does not cross a network in clear text unless somebody wrote that it may. */
function defaultTls(url: URL): 'required' | 'opportunistic' {
  const local = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.username !== '' && !local ? 'required' : 'opportunistic';
}
