import { hostname } from 'node:os';
import { formatSize, furtherLaneSettings, partitionSettings, setting, sharedSettings, type Setting } from '@posthaste/config';
import { requestBytes } from './limits/call-limits.ts';

/** A size that must not be below what another one needs. */
function atLeast(other: string, need: (bytes: number) => number, options: { readonly default: string; readonly doc: string }): Setting<number> {
  return {
    ...setting.size(options),
    settle(value = 0, others) {
      const least = need(Number(others[other]));
      return value >= least
        ? { kind: 'value', value }
        : { kind: 'refused', expected: `a size of at least ${formatSize(least)}, for ${other} needs it` };
    },
  };
}

/** `*`, or what a browser says in its Origin header: what it never says would allow nobody. */
function origins(options: { readonly default: readonly string[]; readonly doc: string }): Setting<readonly string[]> {
  return {
    ...setting.list(options),
    settle(value = []) {
      const wrong = value.find((each) => each !== '*' && originOf(each) !== each);
      if (wrong === undefined) return { kind: 'value', value };
      const meant = originOf(wrong) ?? 'https://app.example.com';
      return { kind: 'refused', expected: `scheme and host as a browser names them, such as ${meant}, instead of '${wrong}'` };
    },
  };
}

function originOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url?.host || url.host.includes('*')) return undefined;
  // Apps in a shell of their own have schemes that the URL standard gives no origin.
  return url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin;
}

export const apiSettings = {
  ...sharedSettings,
  ...partitionSettings,
  ...furtherLaneSettings,
  'api.listen': setting.address({
    default: '127.0.0.1:8080',
    doc: 'Where gRPC, Connect, gRPC-Web and REST are served, in clear text. Whoever reaches it can send mail, and stop or cancel it: there is no authentication yet.',
  }),
  'api.grpc': setting.address({
    default: '127.0.0.1:8081',
    doc: 'Where gRPC alone is served, in clear text, at less work a call than beside REST. Whoever reaches it can do the same.',
  }),
  'api.admin': setting.address({ default: '127.0.0.1:9102', doc: 'Metrics and health of the api.' }),
  'api.scheduler': setting.address({
    optional: true,
    doc: 'Where the scheduler answers live questions; by default where the owner of the partition says that it is reached.',
  }),
  'api.ledger': setting.string({
    default: '.posthaste/ledger.sqlite',
    doc: 'File of the ledger. `posthaste ledger rebuild` builds it anew from what the journal still holds, and so does a start without the file.',
  }),
  'ledger.keep': setting.duration({
    default: '30d',
    doc: 'How long finished mail stays in the ledger after its last change; 0s keeps it for ever. Unfinished mail always stays.',
  }),
  'api.hostname': setting.string({ default: hostname(), doc: 'Its name in Received, and in the Message-ID of mail that comes without one.' }),
  'api.maxSize': setting.size({ default: '25MiB', doc: 'The largest message that is taken.' }),
  'api.maxRequest': atLeast('api.maxSize', requestBytes, {
    default: '64MiB',
    doc: 'The largest request that holds many messages; it must have room for one of api.maxSize in base64, and 1 MiB beside it.',
  }),
  'api.maxInFlight': atLeast('api.maxRequest', (bytes) => bytes, {
    default: '256MiB',
    doc: 'Bytes of requests in memory at once, JSON counted four times, an eighth of it for those of up to 1 MiB; those above it wait for 5 seconds, and are then refused with RESOURCE_EXHAUSTED.',
  }),
  'api.corsOrigins': origins({
    default: [],
    doc: 'From where pages in a browser may call, such as https://app.example.com; * is everywhere. Default: from nowhere.',
  }),
  'api.hosts': setting.list({
    default: [],
    doc: 'Names with a dot under which api.listen is asked for, such as api.example.com; * is every name. IP addresses, localhost and names without a dot need not be listed. Where api.listen is not on loopback, an empty list is every name.',
  }),
  'api.maxConnections': setting.int({ default: 1000, min: 1, doc: 'How many clients may be connected at once.' }),
  'api.callTimeout': setting.duration({ default: '30s', doc: 'No unary call takes longer.' }),
  'api.requestTimeout': setting.duration({ default: '60s', doc: 'How long a client may take to send a whole request.' }),
  'api.idleTimeout': setting.duration({ default: '5m', doc: 'A connection on which nothing happens is closed after this.' }),
  'api.drainTimeout': setting.duration({ default: '10s', doc: 'How long calls in hand may go on when the api is asked to end.' }),
  'api.retryFor': setting.duration({
    default: '20s',
    doc: 'How long a message is tried to be stored while NATS does not answer; then the client hears UNAVAILABLE.',
  }),
  'api.reflection': setting.bool({ default: true, doc: 'Whether gRPC server reflection tells the contract to whoever asks; meant for development.' }),
  'limits.recipients': setting.int({ default: 1000, min: 1, doc: 'The most recipients of one message; long addresses may allow fewer.' }),
  'limits.inline': setting.size({ default: '512KiB', doc: 'A message above this is stored in chunks.' }),
};

/**
 * What `api.hosts` means where nothing is listed. On loopback only a browser of this machine can be led astray; elsewhere whoever reaches the api may use it
 * anyway, and knows it by names of the network.
 */
export function knownHosts(listed: readonly string[], listen: string): readonly string[] {
  return listed.length === 0 && !isLoopback(listen) ? ['*'] : listed;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
