import { messageVerb } from '../operator/message-verb.ts';

export const messageRetry = messageVerb({
  summary: 'make waiting mail ready now',
  about: `Whatever time it waited for: the next attempt, or its sending time. Attempts that were spent stay spent.
What has failed for good is a dead letter: posthaste dead retry.`,
  examples: [
    { line: 'posthaste message retry 019aa7d2-3c4e-7b1a-9c52-0123456789ab', says: 'one mail' },
    { line: 'posthaste message retry --domain example.net --cause UPSTREAM_GREYLISTED --yes', says: 'what a domain has put off' },
  ],
  act: (operator, selector, options) => operator.retry(selector, options),
});
