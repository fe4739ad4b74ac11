import { messageVerb } from '../operator/message-verb.ts';

export const messageRelease = messageVerb({
  summary: 'let held mail go on',
  about: 'It goes on from where it stood. What is held because its delivery is in doubt is tried again.',
  examples: [
    { line: 'posthaste message release 019aa7d2-3c4e-7b1a-9c52-0123456789ab', says: 'one mail' },
    { line: 'posthaste message release --state held --tenant shop --yes', says: 'all that is held of a tenant' },
  ],
  act: (operator, selector, options) => operator.release(selector, options),
});
