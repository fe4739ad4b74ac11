import { type Address, type Config, define, type Parsed, partitionSettings, setting, sharedSettings, upstreamSettings } from '@posthaste/config';
import type { FleetBounds } from './supervisor/fleet-plan.ts';

/** What `posthaste up` reads: its own settings, and those of others that say where they listen and what they deliver to. */
export const upSettings = {
  ...sharedSettings,
  ...partitionSettings,
  'up.dataDir': setting.string({ default: './.posthaste', doc: 'Where mail, ledger and logs are kept.' }),
  'up.portBase': setting.int({ optional: true, min: 1, max: 65_525, doc: 'Moves all eleven ports: the first of them.' }),
  'up.upstream': setting.string({ optional: true, doc: 'Deliver to this smart host, smtp://[user:password@]host:port, instead of the inbox.' }),
  'up.schedulers': setting.int({
    default: 1,
    min: 1,
    max: 16,
    doc: 'How many schedulers run: they share the partitions, and take over those of one that ends.',
  }),
  'up.senders': define(
    {
      default: '1',
      doc: 'How many senders run: a number, or a span such as 2..20 in which they follow what the scheduler says is needed (posthaste_needed_senders).',
    },
    { kind: 'number or span', parse: parseSpan, show: showSpan },
  ),
  'up.growAfter': setting.duration({
    default: '30s',
    doc: 'How long more senders must have been needed before they are started; with more than 5,000 mails past their target nothing is waited for.',
  }),
  'up.shrinkAfter': setting.duration({
    default: '5m',
    doc: 'How long fewer senders must have been needed before the last that came is drained and ended.',
  }),
  upstreams: upstreamSettings.upstreams,
  'relay.listen': setting.address({ default: '127.0.0.1:2525', doc: 'Where mail is taken by SMTP.' }),
  'api.listen': setting.address({ default: '127.0.0.1:8080', doc: 'Where mail and questions are taken by gRPC, Connect and REST.' }),
  'api.grpc': setting.address({ default: '127.0.0.1:8081', doc: 'Where mail and questions are taken by gRPC alone, for volume.' }),
  'inbox.smtp': setting.address({ default: '127.0.0.1:1025', doc: 'Where the inbox takes mail.' }),
  'inbox.http': setting.address({ default: '127.0.0.1:8025', doc: 'Where the inbox shows mail.' }),
  'scheduler.listen': setting.address({ default: '127.0.0.1:7420', doc: 'Where senders find the scheduler.' }),
  'relay.admin': setting.address({ default: '127.0.0.1:9101', doc: 'Metrics and health of the relay.' }),
  'api.admin': setting.address({ default: '127.0.0.1:9102', doc: 'Metrics and health of the api.' }),
  'scheduler.admin': setting.address({ default: '127.0.0.1:9103', doc: 'Metrics and health of the scheduler.' }),
  'sender.admin': setting.address({ default: '127.0.0.1:9104', doc: 'Metrics and health of the sender.' }),
};

const mostSenders = 100;

function parseSpan(input: unknown): Parsed<FleetBounds> {
  const [, first, last = first] = /^(\d{1,3})(?:\.\.(\d{1,3}))?$/.exec(String(input).trim()) ?? [];
  const bounds = { least: Number(first), most: Number(last) };
  if (bounds.least >= 1 && bounds.least <= bounds.most && bounds.most <= mostSenders) return { kind: 'value', value: bounds };
  return { kind: 'refused', expected: `a number from 1 to ${mostSenders}, or a span such as 2..20` };
}

function showSpan({ least, most }: FleetBounds): string {
  return least === most ? String(least) : `${least}..${most}`;
}

export type UpConfig = Config<typeof upSettings>;

/** The flags of the command line; everything else that can be set has the flag of its key. */
export const upFlags = {
  'data-dir': 'up.dataDir',
  'port-base': 'up.portBase',
  upstream: 'up.upstream',
  partitions: 'partitions',
  schedulers: 'up.schedulers',
  senders: 'up.senders',
  durability: 'storage.durability',
  nats: 'nats.url',
} as const satisfies Record<string, keyof typeof upSettings>;

/** With --port-base N the ports are N, N+1 and so on in this order. */
export const portOrder = [
  'relay.listen',
  'api.listen',
  'inbox.smtp',
  'inbox.http',
  'scheduler.listen',
  'nats',
  'relay.admin',
  'api.admin',
  'scheduler.admin',
  'sender.admin',
  'api.grpc',
] as const;

export type DoorName = (typeof portOrder)[number];

/** Where everything listens. An address that was set by itself stays as it was set. */
export function layOutDoors(config: UpConfig): Readonly<Record<DoorName, Address>> {
  const base = config.values['up.portBase'];
  const doors = portOrder.map((name, offset): [DoorName, Address] => {
    const own = name === 'nats' ? { host: '127.0.0.1', port: 4222 } : config.values[name];
    const isMoved = base !== undefined && (name === 'nats' || config.sources[name].kind === 'default');
    return [name, isMoved ? { host: own.host, port: base + offset } : own];
  });
  return Object.fromEntries(doors) as Record<DoorName, Address>;
}
