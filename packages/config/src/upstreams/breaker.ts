import { setting } from '../setting.ts';

/** When an upstream counts as down and as well again: for the program that decides. */
export const breakerSettings = {
  'breaker.failures': setting.int({
    default: 3,
    min: 1,
    max: 1000,
    doc: 'So many failures in a row (attempts or checks that found the upstream unusable) and it counts as down.',
  }),
  'breaker.healthy': setting.duration({
    default: '5m',
    doc: 'How long an upstream that was down must have been well before mail leaves a well one for it again. Where there is no other it is used at once.',
  }),
  'breaker.firstProbe': setting.duration({
    default: '1s',
    min: '100ms',
    doc: 'After so long an upstream that is down is tried by one mail; the wait doubles with each failure.',
  }),
  'breaker.longestProbe': setting.duration({ default: '30s', min: '100ms', doc: 'Longest wait between two tries of an upstream that is down.' }),
};

/** How senders look after upstreams that no mail goes by. */
export const checkSettings = {
  'breaker.checkEvery': setting.duration({
    default: '30s',
    doc: 'How often a sender looks whether an upstream that it has heard nothing from for a while can be used (NOOP, or connection, TLS and login); sooner after a failure; 0s is never.',
  }),
  'breaker.checkTimeout': setting.duration({ default: '5s', min: '100ms', doc: 'How long such a look may take before it has failed.' }),
};
