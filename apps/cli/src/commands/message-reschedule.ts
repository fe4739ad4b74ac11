import { defineCommand } from '../command/command.ts';
import { option } from '../command/option.ts';
import { usageError } from '../failure.ts';
import { codesOfVerbs } from '../operator/message-verb.ts';
import { answerOptions, idOperand, mailOptions, operationOptions, selectorOf } from '../operator/options.ts';
import { runOperation } from '../operator/run-operation.ts';

export const messageReschedule = defineCommand({
  summary: 'put mail off until a time, or bring it forward',
  about: codesOfVerbs,
  operands: [idOperand],
  options: {
    to: option.timeAhead({ doc: 'Not before: a time such as 2031-05-01T08:00:00Z, or 2h from now. At most 366 days ahead.' }),
    ...mailOptions,
    ...operationOptions,
    ...answerOptions,
  },
  examples: [
    { line: 'posthaste message reschedule 019aa7d2-3c4e-7b1a-9c52-0123456789ab --to 2h', says: 'in two hours' },
    { line: 'posthaste message reschedule --campaign spring --to 2031-05-01T08:00:00Z --yes', says: 'a campaign' },
  ],
  async run(call) {
    const { to } = call.options;
    if (!to) throw usageError('--to is missing: a time such as 2031-05-01T08:00:00Z, or 2h from now');
    const selector = selectorOf(call.operands, call.options);
    return runOperation(call, { selector, act: (operator, options) => operator.reschedule(selector, to, options) });
  },
});
