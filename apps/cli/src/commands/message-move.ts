import { defineCommand } from '../command/command.ts';
import { option } from '../command/option.ts';
import { usageError } from '../failure.ts';
import { codesOfVerbs } from '../operator/message-verb.ts';
import { answerOptions, idOperand, mailOptions, operationOptions, selectorOf } from '../operator/options.ts';
import { runOperation } from '../operator/run-operation.ts';

export const messageMove = defineCommand({
  summary: 'send mail by another upstream than its route says',
  about: codesOfVerbs,
  operands: [idOperand],
  options: {
    to: option.text({ value: 'NAME', doc: 'The upstream, or group of upstreams, that is to take it.' }),
    ...mailOptions,
    ...operationOptions,
    ...answerOptions,
  },
  examples: [
    { line: 'posthaste message move 019aa7d2-3c4e-7b1a-9c52-0123456789ab --to spare', says: 'one mail' },
    { line: 'posthaste message move --upstream main --lane immediate --to spare --yes', says: 'what is urgent, while main is down' },
  ],
  async run(call) {
    const { to } = call.options;
    if (to === undefined) throw usageError('--to is missing: the name of an upstream, or of a group of upstreams');
    const selector = selectorOf(call.operands, call.options);
    return runOperation(call, { selector, act: (operator, options) => operator.move(selector, to, options) });
  },
});
