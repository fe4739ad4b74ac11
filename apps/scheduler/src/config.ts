import { fleetSettings, ownershipSettings, policySettings, repeatSettings, setting, sharedSettings } from '@posthaste/config';

export const schedulerSettings = {
  ...sharedSettings,
  ...policySettings,
  ...fleetSettings,
  ...ownershipSettings,
  ...repeatSettings,
  'scheduler.listen': setting.address({ default: '127.0.0.1:7420', doc: 'Where senders and the api are served by gRPC.' }),
  'scheduler.admin': setting.address({ default: '127.0.0.1:9103', doc: 'Where /metrics, /healthz and /readyz are served.' }),
  'scheduler.advertise': setting.address({
    optional: true,
    doc: "Where senders and api reach this scheduler, if not at scheduler.listen; by default that, with this machine's name for an address that means all of its own.",
  }),
  'scheduler.leaseTtl': setting.duration({
    default: '5s',
    doc: 'How long the ownership of a partition lasts without renewal: the time after which another scheduler takes over.',
  }),
  'scheduler.checkpointEvery': setting.duration({
    default: '30s',
    doc: 'Longest time between two checkpoints: what recovery has to read of the journal.',
  }),
  'scheduler.checkpointEvents': setting.int({ default: 50_000, min: 100, doc: 'Most events between two checkpoints.' }),
  'scheduler.journalHistory': setting.duration({
    default: '7d',
    doc: 'How long the journal is kept, for rebuilding ledgers, as far as its byte limit allows.',
  }),
  'deadLetters.keep': setting.duration({
    default: '7d',
    min: '1m',
    doc: 'How long dead letters are kept with their bodies, for inspection and retry; the oldest go earlier when their room is full.',
  }),
  'limits.storage': setting.size({
    optional: true,
    doc: "Bytes that the streams of all partitions share; by default the server's JetStream file store.",
  }),
  'limits.tickets': setting.int({ default: 1_000_000, min: 1, doc: 'Most mails in one log, and in WAIT, of each partition.' }),
  'limits.tenant': setting.int({ default: 1_000_000, min: 1, doc: 'Most mails of one tenant in one log of a partition.' }),
  'limits.replicas': setting.int({ default: 1, min: 1, max: 5, doc: 'Copies of each stream in a NATS cluster: 1, 3 or 5.' }),
};
