import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { ConfigError, type PartFault, type Upstream, type Upstreams } from '@posthaste/config';
import { readFile, SecretFile } from './secret-file.ts';
import { openLogin, type UpstreamLogin } from './upstream-login.ts';

/** Where an upstream is and how it is spoken to, with what its settings name files for. */
export interface UpstreamTarget extends Pick<
  Upstream,
  'host' | 'port' | 'tls' | 'connections' | 'maxConnections' | 'messagesPerConnection' | 'idleTimeoutMs' | 'timeouts'
> {
  readonly name: string;
  readonly login?: UpstreamLogin;
  /** Where authorities of its own are to be trusted. */
  readonly authorities?: SecureContext;
}

/** Reads the files that upstreams name. Throws a ConfigError with all faults. */
export function readTargets(upstreams: Upstreams): UpstreamTarget[] {
  const faults: PartFault[] = [];
  const targets = Object.entries(upstreams).map(([name, upstream]) => {
    const opened = openTarget(name, upstream);
    faults.push(...opened.faults);
    return opened.target;
  });
  if (faults.length > 0) throw new ConfigError(faults.map(({ part, problem }) => `upstreams.${part}: ${problem}`));
  return targets;
}

/** Files that are of no use are faults, by part: `main.passwordFile`. */
export function openTarget(name: string, upstream: Upstream): { readonly target: UpstreamTarget; readonly faults: readonly PartFault[] } {
  const faults: PartFault[] = [];
  const attempt = <T>(key: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      faults.push({ part: `${name}.${key}`, problem: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  };
  const { host, port, tls, connections, maxConnections, messagesPerConnection, idleTimeoutMs, timeouts } = upstream;
  const login = openLogin(upstream.login, timeouts.connectMs, (key, path, form, holds) => attempt(key, () => new SecretFile(path, form, holds)));
  const authorities = attempt('tls.ca', () => readAuthorities(upstream));
  const whole = { name, host, port, tls, connections, maxConnections, messagesPerConnection, idleTimeoutMs, timeouts };
  return { target: { ...whole, ...(login ? { login } : {}), ...(authorities ? { authorities } : {}) }, faults };
}

function readAuthorities({ tls }: Upstream): SecureContext | undefined {
  if (tls.ca === undefined) return undefined;
  const own = readFile(tls.ca).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (own.length === 0) throw new Error(`'${tls.ca}' holds no certificate: expected PEM, -----BEGIN CERTIFICATE-----`);
  for (const certificate of own) void new X509Certificate(certificate);
  return createSecureContext({ ca: [...getCACertificates(), ...own], minVersion: `TLSv${tls.minVersion}` });
}
