import { checkSettings, partitionSettings, setting, sharedSettings, upstreamsLookedAt } from '@posthaste/config';
import { openTarget } from './upstream-target.ts';

/** A password file that cannot be read is a fault of the configuration, and not of the first mail. */
const upstreams = upstreamsLookedAt((name, upstream) => openTarget(name, upstream).faults);

export const senderSettings = {
  ...sharedSettings,
  ...partitionSettings,
  upstreams,
  ...checkSettings,
  'sender.scheduler': setting.address({
    optional: true,
    doc: 'Where the scheduler takes senders; by default where the owner of each partition says that it is reached.',
  }),
  'sender.id': setting.string({ default: 'sender', doc: 'Name of this sender in the journal; a unique part is added for each run.' }),
  'sender.hostname': setting.string({ optional: true, doc: 'What the sender calls itself in EHLO; by default the name of the machine.' }),
  'sender.prefetch': setting.size({ default: '16MiB', doc: 'How much of the bodies may be read ahead, for each upstream.' }),
  'sender.drainTimeout': setting.duration({ default: '20s', doc: 'How long transactions that have begun may go on after SIGTERM.' }),
  'sender.admin': setting.address({ default: '127.0.0.1:9104', doc: 'Where metrics and health are served.' }),
};
