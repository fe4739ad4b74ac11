import { messageVerb } from '../operator/message-verb.ts';

export const messageHold = messageVerb({
  summary: 'stop mail until it is released',
  about: `What a sender has is asked back; it is too late when the transaction with the upstream has begun. Held mail still expires at its deadline.
It stops what is there now: posthaste suspend create stops what comes later, too.`,
  examples: [
    { line: 'posthaste message hold 019aa7d2-3c4e-7b1a-9c52-0123456789ab', says: 'one mail' },
    { line: 'posthaste message hold --campaign spring --reason "wrong price" --yes', says: 'a campaign, and why' },
  ],
  act: (operator, selector, options) => operator.hold(selector, options),
});
