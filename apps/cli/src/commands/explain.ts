import { ExplainMessageResponseSchema } from '@posthaste/protocol';
import type { MessageExplanation } from '@posthaste/client';
import { askApi, patience } from '../api.ts';
import { type Call, defineCommand } from '../command/command.ts';
import { apiOptions, endpointOf, outputOptions } from '../command/option-sets.ts';
import { exitCode } from '../exit-code.ts';
import { describeExplanation } from '../explanation-text.ts';
import { protoJson } from '../terminal/json.ts';

const options = { ...apiOptions, ...outputOptions };

export const explain = defineCommand({
  summary: 'everything that a mail has yet to pass before it goes, and when that may be',
  about: `For each recipient the gates in its way, in order: the first is what it waits for now, the others what would keep it if that opened this
moment. Each with its reason, since when, and when it opens by itself where that is known.
Exit code 3: there is no such mail; 6: the scheduler cannot be asked just now.`,
  operands: [{ name: 'id', how: 'one', completes: 'message ids', doc: 'The id of a mail, as submission answered it: 250 2.0.0 Ok: queued as <id>' }],
  options,
  examples: [
    { line: 'posthaste explain 019aa7d2-3c4e-7b1a-9c52-0123456789ab', says: 'as text' },
    { line: 'posthaste explain 019aa7d2-3c4e-7b1a-9c52-0123456789ab -o json', says: 'in proto3 JSON, with every detail' },
  ],
  async run(call) {
    const {
      operands: [id = ''],
      options: { endpoint },
    } = call;
    return askApi(endpointOf(endpoint, call.env), patience.question, async (client) => {
      call.print(show(call, await client.explain(id)));
      return exitCode.ok;
    });
  },
});

function show({ options: { output } }: Call<typeof options>, { proto }: MessageExplanation): string {
  return output === 'json' || output === 'jsonl' ? protoJson(ExplainMessageResponseSchema, proto, output) : describeExplanation(proto, new Date());
}
