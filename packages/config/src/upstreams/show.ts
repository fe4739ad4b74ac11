import { formatDuration } from '../quantity.ts';
import { hidden } from '../redact.ts';
import { defaultTls, isLocal } from './build.ts';
import { limitNames } from './limits.ts';
import type { Login, Upstream, Upstreams } from './upstream.ts';

/** As URLs, with all that is not as it is for any upstream: what a preset gave stands there too. */
export function showUpstreams(upstreams: Upstreams): string {
  return Object.entries(upstreams)
    .map(([name, upstream]) => `${name}=${showUpstream(upstream)}`)
    .join(',');
}

function showUpstream(upstream: Upstream): string {
  const { host, port, login, tls } = upstream;
  const scheme = tls.mode === 'implicit' ? 'smtps' : 'smtp';
  const isGiven = login?.kind === 'password' && login.password.kind === 'given';
  const user = login ? `${encodeURIComponent(login.user)}${isGiven ? `:${hidden}` : ''}@` : '';
  const words = wordsOf(upstream).map(([name, value]) => `${name}=${encodeURI(String(value))}`);
  return `${scheme}://${user}${host.includes(':') ? `[${host}]` : host}:${port}${words.length > 0 ? `?${words.join('&')}` : ''}`;
}

type Word = readonly [name: string, value: string | number | boolean];

function wordsOf(upstream: Upstream): Word[] {
  const { preset, region, login, connections, maxConnections, messagesPerConnection, idleTimeoutMs, limits, adaptive } = upstream;
  return [
    ...word('preset', preset),
    ...word('region', region),
    ...loginWords(login),
    ...tlsWords(upstream),
    ...word('connections', connections, 20),
    ...word('maxConnections', maxConnections),
    ...word('messagesPerConnection', messagesPerConnection),
    ...word('idleTimeout', formatDuration(idleTimeoutMs), '1m'),
    ...limitNames.flatMap((name) => word(name, limits[name])),
    ...word('adaptive', adaptive, true),
    ...timeoutWords(upstream),
  ];
}

function loginWords(login: Login | undefined): Word[] {
  switch (login?.kind) {
    case undefined:
      return [];
    case 'password':
      return login.password.kind === 'file' ? word('passwordFile', login.password.path) : [];
    case 'token':
      return word('tokenFile', login.path);
    case 'refresh': {
      const { tokenUrl, clientId, secretPath, refreshTokenPath } = login.client;
      const files = [...word('clientSecretFile', secretPath), ...word('refreshTokenFile', refreshTokenPath)];
      return [...word('tokenUrl', tokenUrl), ...word('clientId', clientId), ...files];
    }
  }
}

function tlsWords({ host, port, login, tls }: Upstream): Word[] {
  const exposed = login !== undefined && !isLocal(host);
  const usual = defaultTls(String(port), exposed);
  return [
    ...(tls.mode === 'implicit' || (tls.mode === usual && !exposed) ? [] : word('tls', tls.mode)),
    ...(tls.mode === 'none' ? [] : word('verify', tls.verify, tls.mode !== 'opportunistic' || exposed)),
    ...word('ca', tls.ca),
    ...word('minVersion', tls.minVersion, '1.2'),
    ...word('servername', tls.servername),
  ];
}

function timeoutWords({ timeouts: { connectMs, replyMs, finalMs } }: Upstream): Word[] {
  return [
    ...word('connect', formatDuration(connectMs), '30s'),
    ...word('reply', formatDuration(replyMs), '30s'),
    ...word('final', formatDuration(finalMs), '10m'),
  ];
}

function word(name: string, value: Word[1] | undefined, usual?: Word[1]): Word[] {
  return value === undefined || value === usual ? [] : [[name, value]];
}
