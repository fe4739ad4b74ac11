import { setting } from './setting.ts';

/** For the program that puts attempts together for the senders. */
export const batchSettings = {
  'batch.recipients': setting.int({
    default: 100,
    min: 1,
    max: 1_000,
    doc: 'Most recipients of one message in one transaction; RFC 5321 obliges an upstream to take 100.',
  }),
  'batch.size': setting.int({ default: 50, min: 1, max: 1_000, doc: 'Most attempts in one message to a sender.' }),
  'batch.wait': setting.duration({
    default: '0s',
    doc: 'How long mail may wait for batch.size attempts to come together. Immediate mail never waits and takes along what waits, and what should be begun within twice this time does not wait either.',
  }),
};
