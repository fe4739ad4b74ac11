import { hostname } from 'node:os';
import { isIPv4 } from 'node:net';
import { type Address, type Parsed, repeatSettings, setting, type Setting, sharedSettings } from '@posthaste/config';

/** NATS takes 1 MiB as one message unless told otherwise; the ticket and its frame need their part. */
const largestInline = 896 * 1024;

const checked = <T>(base: Setting<T>, expected: string, holds: (value: T) => boolean): Setting<T> => ({
  ...base,
  settle: (value): Parsed<T> => (value !== undefined && holds(value) ? { kind: 'value', value } : { kind: 'refused', expected }),
});

export const relaySettings = {
  ...sharedSettings,
  ...repeatSettings,
  'relay.listen': checked(
    setting.address({ default: '127.0.0.1:2525', doc: 'Where mail is taken by SMTP; a loopback address.' }),
    'a loopback address (127.0.0.1, [::1] or localhost): there is no authentication and no TLS yet, so nobody else may reach it',
    isLoopback,
  ),
  'relay.admin': setting.address({ default: '127.0.0.1:9101', doc: 'Metrics and health of the relay.' }),
  'relay.hostname': checked(
    setting.string({ default: hostname(), doc: 'Its name in the greeting, in Received and in the Message-ID of mail that comes without one.' }),
    'a domain name of letters, digits, dots and hyphens',
    (name) => /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(name),
  ),
  'relay.maxSize': setting.size({ default: '25MiB', doc: 'The largest message that is taken.' }),
  'relay.maxConnections': setting.int({
    default: 500,
    min: 1,
    doc: 'How many clients may be connected at once; each can hold up to two MiB of memory.',
  }),
  'relay.idleTimeout': setting.duration({
    default: '5m',
    doc: 'How long a client may take for its next command, however slowly it sends it (RFC 5321, 4.5.3.2.7).',
  }),
  'relay.dataTimeout': setting.duration({ default: '15m', doc: 'How long a client may take for a whole message.' }),
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

function isLoopback({ host }: Address): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
