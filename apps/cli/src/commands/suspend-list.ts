import { create } from '@bufbuild/protobuf';
import { ListSuspensionsResponseSchema, SuspensionSchema } from '@posthaste/protocol';
import { askApi, patience } from '../api.ts';
import { defineCommand } from '../command/command.ts';
import { apiOptions, endpointOf } from '../command/option-sets.ts';
import { exitCode } from '../exit-code.ts';
import { answerOptions } from '../operator/options.ts';
import { suspensionTable } from '../operator/suspension-table.ts';
import { renderAnswer } from '../terminal/answer.ts';
import { protoJson } from '../terminal/json.ts';

export const suspendList = defineCommand({
  summary: 'suspensions in force, oldest first: what they stop, who made them, and why',
  options: { ...apiOptions, ...answerOptions },
  examples: [
    { line: 'posthaste suspend list', says: 'as a table' },
    { line: 'posthaste suspend list -o name', says: 'ids alone, for suspend lift' },
  ],
  async run({ options: { endpoint, output }, env, print, paint }) {
    const found = await askApi(endpointOf(endpoint, env), patience.question, ({ operator }) => operator.suspensions());
    if (output === 'jsonl') for (const { proto } of found) print(protoJson(SuspensionSchema, proto, 'jsonl'));
    else if (output === 'name') for (const { id } of found) print(id);
    else {
      const proto = create(ListSuspensionsResponseSchema, { suspensions: found.map((suspension) => suspension.proto) });
      const text = () => suspensionTable(found, paint, new Date());
      print(renderAnswer(output, { schema: ListSuspensionsResponseSchema, proto, name: '', text }));
    }
    return exitCode.ok;
  },
});
