import { OperationSchema } from '@posthaste/protocol';
import { askApi, patience } from '../api.ts';
import { defineCommand } from '../command/command.ts';
import { apiOptions, endpointOf } from '../command/option-sets.ts';
import { exitCode } from '../exit-code.ts';
import { describeOperation } from '../operator/operation-text.ts';
import { answerOptions } from '../operator/options.ts';
import { renderAnswer } from '../terminal/answer.ts';

export const operationGet = defineCommand({
  summary: 'how far a hold, cancel, move and the like is',
  about: 'The last thousand are remembered. Exit code 3: it is not.',
  operands: [{ name: 'id', how: 'one', doc: 'The id that the command printed, with -q or -o name alone.' }],
  options: { ...apiOptions, ...answerOptions },
  examples: [{ line: 'posthaste operation get 3f0c7a52-8d1e-4b6f-9a20-0123456789ab', says: 'as text' }],
  async run({ options: { endpoint, output }, env, operands: [id = ''], print }) {
    return askApi(endpointOf(endpoint, env), patience.question, async ({ operator }) => {
      const operation = await operator.operation(id);
      const text = () => describeOperation(operation);
      print(renderAnswer(output, { schema: OperationSchema, proto: operation.proto, name: operation.id, text }));
      return exitCode.ok;
    });
  },
});
