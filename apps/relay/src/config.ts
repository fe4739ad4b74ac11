import { hostname } from 'node:os';
import { lanes } from '@posthaste/core';
import {
  type Address,
  furtherLaneSettings,
  laneSetting,
  type Parsed,
  partitionSettings,
  repeatSettings,
  setting,
  type Setting,
  sharedSettings,
} from '@posthaste/config';
import { isLoopback, loopbackNetworks, parseNetwork } from './networks.ts';

/** NATS takes 1 MiB as one message unless told otherwise; the ticket and its frame need their part. */
const largestInline = 896 * 1024;

type Others = Readonly<Record<string, unknown>>;

const checked = <T>(base: Setting<T>, expected: string, holds: (value: NonNullable<T>, others: Others) => boolean): Setting<T> => ({
  ...base,
  settle(value, others): Parsed<T> {
    const fits = value === undefined || value === null ? base.optional : holds(value, others);
    return fits ? { kind: 'value', value: value as T } : { kind: 'refused', expected };
  },
});

const networks = (options: { readonly default: readonly string[]; readonly doc: string }) =>
  checked(
    setting.list(options),
    'networks such as 10.0.0.0/8 or fd00::/8, or none',
    (list) => list.join() === 'none' || list.every((network) => parseNetwork(network) !== undefined),
  );

const reachableAddress =
  'a loopback address, or relay.users (a file of those who may log in), or relay.trustedNetworks (who may send without a login): ' +
  'otherwise nobody from outside could send, and nobody should';

export const relaySettings = {
  ...sharedSettings,
  ...repeatSettings,
  ...partitionSettings,
  ...furtherLaneSettings,
  'relay.listen': checked(
    setting.address({
      default: '127.0.0.1:2525',
      doc: 'Where mail is taken by SMTP, with STARTTLS when there is a certificate. Beyond loopback only with relay.users or relay.trustedNetworks.',
    }),
    reachableAddress,
    mayBeReached,
  ),
  'relay.listenTls': checked(
    setting.address({ optional: true, doc: 'Where mail is taken with TLS from the first byte (RFC 8314), such as 0.0.0.0:465. By default nowhere.' }),
    `relay.tlsCert and relay.tlsKey, and ${reachableAddress}`,
    (address, others) => others['relay.tlsCert'] !== undefined && mayBeReached(address, others),
  ),
  'relay.admin': setting.address({ default: '127.0.0.1:9101', doc: 'Metrics and health of the relay.' }),
  'relay.hostname': checked(
    setting.string({ default: hostname(), doc: 'Its name in the greeting, in Received and in the Message-ID of mail that comes without one.' }),
    'a domain name of letters, digits, dots and hyphens',
    (name) => /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(name),
  ),

  'relay.tlsCert': checked(
    setting.string({
      optional: true,
      doc: 'PEM file with the certificate and its chain. It and the key are read again within a second of a change, and on SIGHUP; a pair that does not work leaves the one before in force.',
    }),
    'relay.tlsKey with it',
    (_, others) => others['relay.tlsKey'] !== undefined,
  ),
  'relay.tlsKey': checked(
    setting.string({ optional: true, doc: 'PEM file with the private key of relay.tlsCert, without a passphrase.' }),
    'relay.tlsCert with it',
    (_, others) => others['relay.tlsCert'] !== undefined,
  ),
  'relay.tlsMinVersion': setting.oneOf(['TLSv1.2', 'TLSv1.3'], { default: 'TLSv1.2', doc: 'The oldest version of TLS that is spoken.' }),

  'relay.users': checked(
    setting.string({
      optional: true,
      doc: 'YAML or JSON file of the users that may log in (AUTH PLAIN and LOGIN): name, password (a hash), and if wanted tenant, lane, maxLane, tags, senders. Read again within a second of a change, and on SIGHUP; a faulty version leaves the one before in force, and while there is none to read logins are answered by 454.',
    }),
    'relay.tlsCert and relay.tlsKey with it: beyond loopback nobody could log in without TLS (relay.authWithoutTls would allow it)',
    (_, others) => others['relay.tlsCert'] !== undefined || isOnlyLocal(others) || reachesOut(others['relay.authWithoutTls']),
  ),
  'relay.authWithoutTls': networks({
    default: loopbackNetworks,
    doc: 'Networks (CIDR) whose clients may log in on a connection in clear, where everyone on the way can read the password, "none" for none.',
  }),
  'relay.trustedNetworks': networks({
    default: loopbackNetworks,
    doc: 'Networks (CIDR) whose clients may send without a login, "none" for none; 0.0.0.0/0,::/0 makes an open relay. They have no limit of connections an address.',
  }),
  'relay.tenant': checked(
    setting.string({ optional: true, doc: 'Tenant of mail whose user has none. Default: default.' }),
    '1 to 64 letters, digits, "-" or "_"',
    (tenant) => /^[A-Za-z0-9_-]{1,64}$/.test(tenant),
  ),
  'relay.lane': laneSetting({
    optional: true,
    doc: "Lane of mail that asks for none, by its name. First comes MT-PRIORITY of MAIL, then X-Posthaste-Lane, then the user name (app+lane=high), then a high or low MT-Priority, X-Priority, X-MSMail-Priority, Importance or Priority, then the user's lane, then this. Default: normal.",
  }),
  'relay.maxLane': setting.oneOf(lanes, {
    optional: true,
    doc: "The most urgent lane that mail may have: what asks for a more urgent one gets this. A further lane is as urgent as its base. A user's own maxLane wins. Default: immediate.",
  }),
  'relay.tags': checked(
    setting.map({
      optional: true,
      doc: "Tags of all mail, name=value; X-Posthaste-Tags, then those in the user name, then the user's tags win over those of the same name.",
    }),
    'at most 32 tags: names of 1 to 64 letters, digits, "_", "." or "-", values of at most 256 characters',
    (tags) =>
      Object.keys(tags).length <= 32 && Object.entries(tags).every(([name, value]) => /^[A-Za-z0-9_.-]{1,64}$/.test(name) && value.length <= 256),
  ),

  'relay.maxSize': setting.size({ default: '25MiB', doc: 'The largest message that is taken, announced by SIZE.' }),
  'relay.maxHeaderSize': setting.size({ default: '256KiB', doc: 'The largest header block of a message.' }),
  'relay.maxLineLength': setting.size({ default: '16KiB', doc: 'The longest command line (AUTH may need 12 KiB; RFC 4954, 4).' }),
  'relay.maxConnections': setting.int({
    default: 500,
    min: 1,
    doc: 'How many clients may be connected at once; each can hold up to two MiB of memory.',
  }),
  'relay.maxConnectionsPerAddress': setting.int({
    default: 50,
    min: 1,
    doc: 'How many of them from one IPv4 address or one IPv6 /64 outside relay.trustedNetworks.',
  }),
  'relay.maxMessages': setting.int({ default: 0, min: 0, doc: 'How many messages one session may send; 0 sets no limit.' }),
  'relay.maxErrors': setting.int({ default: 20, min: 1, doc: 'How many 5xx replies a session may get without sending a mail in between.' }),
  'relay.maxFailedLogins': setting.int({ default: 3, min: 1, doc: 'How many wrong logins one session may try.' }),
  'relay.maxFailedLoginsPerAddress': setting.int({
    default: 30,
    min: 1,
    doc: 'How many wrong logins one IPv4 address or one IPv6 /64 may try within relay.failedLoginWindow. A login that was right lately still works.',
  }),
  'relay.failedLoginWindow': setting.duration({ default: '10m', doc: 'How long wrong logins of an address are counted together.' }),
  'relay.failedLoginDelay': setting.duration({ default: '1s', doc: 'How long the answer to a wrong login takes.' }),
  'relay.idleTimeout': setting.duration({
    default: '5m',
    doc: 'How long a client may take for its next command, however slowly it sends it (RFC 5321, 4.5.3.2.7).',
  }),
  'relay.handshakeTimeout': setting.duration({ default: '30s', doc: 'How long a client may take for a TLS handshake.' }),
  'relay.dataTimeout': setting.duration({ default: '15m', doc: 'How long a client may take for a whole message.' }),
  'relay.minRate': setting.size({
    default: '100B',
    doc: 'Bytes a second that a message must come in with, on average after its first minute; time that we make the client wait does not count.',
  }),
  'relay.drainTimeout': setting.duration({ default: '10s', doc: 'How long transactions in flight may go on when the relay is asked to end.' }),
  'relay.retryFor': setting.duration({
    default: '20s',
    doc: 'How long a complete message is tried to be stored while NATS does not answer; then the client hears 451.',
  }),
  'limits.recipients': setting.int({ default: 1000, min: 1, doc: 'The most recipients of one message; long addresses may allow fewer.' }),
  'limits.inline': checked(
    setting.size({ default: '512KiB', doc: 'A message above this is stored in chunks while it comes in.' }),
    'at most 896KiB: NATS takes 1 MiB as one message',
    (bytes) => bytes <= largestInline,
  ),
};

const isLocal = ({ host }: Address): boolean => host === 'localhost' || isLoopback(host);

/** Nobody from outside may send unless somebody wrote who. */
function mayBeReached(address: Address, others: Others): boolean {
  return isLocal(address) || others['relay.users'] !== undefined || reachesOut(others['relay.trustedNetworks']);
}

function isOnlyLocal(others: Others): boolean {
  const addresses = [others['relay.listen'], others['relay.listenTls']] as readonly (Address | undefined)[];
  return addresses.every((address) => address === undefined || isLocal(address)) || reachesOut(others['relay.trustedNetworks']);
}

/** A network in the list is not loopback. */
function reachesOut(list: unknown): boolean {
  const addresses = (list as readonly string[]).map((network) => parseNetwork(network)?.address);
  return addresses.some((address) => address !== undefined && !isLoopback(address));
}
