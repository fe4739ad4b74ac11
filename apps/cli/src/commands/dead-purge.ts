import { defineCommand } from '../command/command.ts';
import { codesOfVerbs } from '../operator/message-verb.ts';
import { answerOptions, deadOptions, idOperand, operationOptions, selectorOf } from '../operator/options.ts';
import { runOperation } from '../operator/run-operation.ts';

export const deadPurge = defineCommand({
  summary: 'throw dead letters away with their bodies, before their time',
  about: `That they failed stays on record. It cannot be undone.\n${codesOfVerbs}`,
  operands: [idOperand],
  options: { ...deadOptions, ...operationOptions, ...answerOptions },
  examples: [
    { line: 'posthaste dead purge 019aa7d2-3c4e-7b1a-9c52-0123456789ab --yes', says: 'one mail' },
    { line: 'posthaste dead purge --cause UPSTREAM_REJECTED --older-than 1d --dry-run', says: 'how many it would be' },
  ],
  async run(call) {
    const selector = selectorOf(call.operands, call.options);
    return runOperation(call, { selector, destructive: true, act: (operator, options) => operator.purgeDeadLetters(selector, options) });
  },
});
