import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { ConfigError, Secret, type Upstream, type Upstreams } from '@posthaste/config';
import { describeError } from '@posthaste/telemetry';

/** Where an upstream is and how it is spoken to, with what its settings name files for. */
export interface UpstreamTarget extends Pick<
  Upstream,
  'host' | 'port' | 'tls' | 'connections' | 'maxConnections' | 'messagesPerConnection' | 'timeouts'
> {
  readonly name: string;
  readonly login?: { readonly user: string; readonly password: Secret };
  /** Where authorities of its own are to be trusted. */
  readonly authorities?: SecureContext;
}

/** A file that a setting names and that is of no use. */
export interface FileFault {
  /** `main.passwordFile`. */
  readonly part: string;
  readonly problem: string;
}

/** Reads the files that upstreams name. Throws a ConfigError with all faults. */
export function readTargets(upstreams: Upstreams): UpstreamTarget[] {
  const { targets, faults } = openTargets(upstreams);
  if (faults.length > 0) throw new ConfigError(faults.map(({ part, problem }) => `upstreams.${part}: ${problem}`));
  return targets;
}

export function openTargets(upstreams: Upstreams): { readonly targets: UpstreamTarget[]; readonly faults: readonly FileFault[] } {
  const faults: FileFault[] = [];
  const attempt = <T>(part: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      faults.push({ part, problem: describeError(error) });
      return undefined;
    }
  };
  const targets = Object.entries(upstreams).map(([name, upstream]): UpstreamTarget => {
    const login = attempt(`${name}.passwordFile`, () => readLogin(upstream));
    const authorities = attempt(`${name}.tls.ca`, () => readAuthorities(upstream));
    const { host, port, tls, connections, maxConnections, messagesPerConnection, timeouts } = upstream;
    const whole = { name, host, port, tls, connections, maxConnections, messagesPerConnection, timeouts };
    return { ...whole, ...(login ? { login } : {}), ...(authorities ? { authorities } : {}) };
  });
  return { targets, faults };
}

function readLogin({ login }: Upstream): UpstreamTarget['login'] {
  if (!login) return undefined;
  const { user, password } = login;
  if (password.kind === 'given') return { user, password: password.secret };
  const text = readFileSync(password.path, 'utf8').replace(/\r?\n$/, '');
  if (text === '') throw new Error(`${password.path} is empty: expected the password`);
  return { user, password: new Secret(text) };
}

function readAuthorities({ tls }: Upstream): SecureContext | undefined {
  if (tls.ca === undefined) return undefined;
  const own = readFileSync(tls.ca, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (own.length === 0) throw new Error(`${tls.ca} holds no certificate: expected PEM, -----BEGIN CERTIFICATE-----`);
  for (const certificate of own) void new X509Certificate(certificate);
  return createSecureContext({ ca: [...getCACertificates(), ...own], minVersion: `TLSv${tls.minVersion}` });
}
