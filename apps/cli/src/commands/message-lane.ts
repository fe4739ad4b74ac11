import { defineCommand } from '../command/command.ts';
import { option } from '../command/option.ts';
import { usageError } from '../failure.ts';
import { codesOfVerbs } from '../operator/message-verb.ts';
import { answerOptions, idOperand, mailOptions, operationOptions, selectorOf } from '../operator/options.ts';
import { runOperation } from '../operator/run-operation.ts';
import { lanes } from '../words.ts';

export const messageLane = defineCommand({
  summary: 'make mail more or less urgent',
  about: `It concerns whole mails, with all their recipients.\n${codesOfVerbs}`,
  operands: [idOperand],
  options: { to: option.lane({ doc: 'The lane it is to be in.' }), ...mailOptions, ...operationOptions, ...answerOptions },
  examples: [
    { line: 'posthaste message lane 019aa7d2-3c4e-7b1a-9c52-0123456789ab --to immediate', says: 'one mail, at once' },
    { line: 'posthaste message lane --tenant shop --lane high --to low --yes', says: 'all that a tenant took for urgent' },
  ],
  async run(call) {
    const { to } = call.options;
    if (!to) throw usageError(`--to is missing: one of ${lanes.join(', ')}`);
    const selector = selectorOf(call.operands, call.options);
    return runOperation(call, { selector, act: (operator, options) => operator.changeLane(selector, to, options) });
  },
});
