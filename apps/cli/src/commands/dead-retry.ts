import { defineCommand } from '../command/command.ts';
import { codesOfVerbs } from '../operator/message-verb.ts';
import { answerOptions, deadOptions, idOperand, operationOptions, selectorOf } from '../operator/options.ts';
import { runOperation } from '../operator/run-operation.ts';

export const deadRetry = defineCommand({
  summary: 'try dead letters again, as if they had never been tried',
  about: `Their failed recipients are queued, with no attempt spent; those that had it already do not get it again.\n${codesOfVerbs}`,
  operands: [idOperand],
  options: { ...deadOptions, ...operationOptions, ...answerOptions },
  examples: [
    { line: 'posthaste dead retry 019aa7d2-3c4e-7b1a-9c52-0123456789ab', says: 'one mail' },
    { line: 'posthaste dead retry --cause RETRIES_EXHAUSTED --domain example.net --yes', says: 'all that a domain was away for' },
  ],
  async run(call) {
    const selector = selectorOf(call.operands, call.options);
    return runOperation(call, { selector, act: (operator, options) => operator.retryDeadLetters(selector, options) });
  },
});
