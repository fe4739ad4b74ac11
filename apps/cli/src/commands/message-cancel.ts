import { messageVerb } from '../operator/message-verb.ts';

export const messageCancel = messageVerb({
  summary: 'withdraw mail for good',
  about: 'What a sender has is asked back; it is too late when the transaction with the upstream has begun. It cannot be undone.',
  destructive: true,
  examples: [
    { line: 'posthaste message cancel 019aa7d2-3c4e-7b1a-9c52-0123456789ab --yes', says: 'one mail' },
    { line: 'posthaste message cancel --campaign spring --older-than 2h --dry-run', says: 'how many it would be' },
  ],
  act: (operator, selector, options) => operator.cancel(selector, options),
});
