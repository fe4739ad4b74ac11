import { setting } from './setting.ts';

/** What every program takes. */
export const sharedSettings = {
  'nats.url': setting.string({ default: 'nats://127.0.0.1:4222', doc: 'Where NATS is; several servers of a cluster are divided by commas.' }),
  'log.level': setting.oneOf(['debug', 'info', 'warn', 'error'], {
    default: 'info',
    doc: 'The least severe line of the program log that is still written.',
  }),
  'log.addresses': setting.oneOf(['plain', 'hashed'], {
    default: 'plain',
    doc: 'How the mail log shows addresses: as they are, or as a word that tells them apart.',
  }),
  'storage.durability': setting.oneOf(['durable', 'fast'], {
    default: 'durable',
    doc: 'What was asked of storage: durable (each acknowledgement after fsync) or fast (a power cut may lose the last moments).',
  }),
};

/** For the program that recognises repeated submissions, and the one that creates the streams, which do the remembering. */
export const repeatSettings = {
  'dedupe.window': setting.duration({
    default: '10m',
    doc: 'How long the same mail over SMTP (client, envelope, Message-ID, content) is answered with the id of the first instead of being sent again; 0s is never.',
  }),
};
