import { MessageSchema } from '@posthaste/protocol';
import type { MessageStatus } from '@posthaste/client';
import { askApi, patience } from '../api.ts';
import { type Call, defineCommand } from '../command/command.ts';
import { option } from '../command/option.ts';
import { apiOptions, endpointOf, outputOptions } from '../command/option-sets.ts';
import { exitCode } from '../exit-code.ts';
import { describeMessage } from '../message-text.ts';
import { follow } from '../outage.ts';
import { protoJson } from '../terminal/json.ts';
import { printPicture } from '../terminal/picture.ts';

const options = {
  ...apiOptions,
  ...outputOptions,
  watch: option.flag({ short: 'w', doc: 'Show it again after each change, until it is final. With -o json: the final one alone.' }),
};

export const status = defineCommand({
  summary: 'where a mail is, and why it is not there yet',
  about: `For each recipient its state, the reason, when it is tried again, and what the upstreams said to each attempt.
Exit code 3: there is no such mail; 6: the api is away, or cannot tell just now.`,
  operands: [{ name: 'id', how: 'one', completes: 'message ids', doc: 'The id of a mail, as submission answered it: 250 2.0.0 Ok: queued as <id>' }],
  options,
  examples: [
    { line: 'posthaste status 019aa7d2-3c4e-7b1a-9c52-0123456789ab', says: 'as text' },
    { line: 'posthaste status 019aa7d2-3c4e-7b1a-9c52-0123456789ab -o json', says: 'the message in proto3 JSON' },
  ],
  async run(call) {
    const {
      operands: [id = ''],
      options: { endpoint, watch },
    } = call;
    return askApi(endpointOf(endpoint, call.env), patience.question, async (client) => {
      if (watch) await showChanges(call, follow(client, id));
      else call.print(show(call, await client.status(id)));
      return exitCode.ok;
    });
  },
});

async function showChanges(call: Call<typeof options>, changes: AsyncIterable<MessageStatus>): Promise<void> {
  const { output } = call.options;
  let last: MessageStatus | undefined;
  for await (const message of changes) {
    last = message;
    if (output === 'jsonl') call.print(show(call, message));
    else if (output !== 'json') printPicture(call, call.redraws ? show(call, message) : `${show(call, message)}\n`);
  }
  if (output === 'json' && last) call.print(show(call, last));
}

function show({ options: { output } }: Call<typeof options>, { proto }: MessageStatus): string {
  return output === 'json' || output === 'jsonl' ? protoJson(MessageSchema, proto, output) : describeMessage(proto, new Date());
}
