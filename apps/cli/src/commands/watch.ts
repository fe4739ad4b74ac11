import { MessageSchema } from '@posthaste/protocol';
import type { MessageStatus } from '@posthaste/client';
import { systemClock } from '@posthaste/telemetry/clock';
import { askApi, patience } from '../api.ts';
import { defineCommand } from '../command/command.ts';
import { option } from '../command/option.ts';
import { apiOptions, endpointOf, outputOptions } from '../command/option-sets.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { changeLines } from '../change-lines.ts';
import { follow } from '../outage.ts';
import { outcomeCode } from '../outcome-code.ts';
import { protoJson } from '../terminal/json.ts';

export const watch = defineCommand({
  summary: 'follow a mail until it is final: a line a change',
  about: `Exit codes: 0 delivered to all recipients, 7 to some, 1 to none; 124 the time passed first. An api that goes away meanwhile is waited for, up to a minute.
With -o jsonl a line is the whole message after a change; with -o json only the final one is printed.`,
  operands: [{ name: 'id', how: 'one', completes: 'message ids', doc: 'The id of a mail.' }],
  options: {
    ...apiOptions,
    ...outputOptions,
    timeout: option.duration({ doc: 'Give up after this, such as 60s or 5m. Default: never' }),
  },
  examples: [{ line: 'posthaste watch 019aa7d2-3c4e-7b1a-9c52-0123456789ab --timeout 5m', says: 'until it is delivered, or five minutes' }],
  async run({ operands: [id = ''], options: { endpoint, output, timeout }, env, print, say }) {
    const end = timeout === undefined ? Number.POSITIVE_INFINITY : systemClock.monotonic() + timeout;
    return askApi(endpointOf(endpoint, env), patience.submission, async (client): Promise<ExitCode> => {
      let last: MessageStatus | undefined;
      try {
        for await (const message of follow(client, id, timeout)) {
          if (output === 'jsonl') print(protoJson(MessageSchema, message.proto, 'jsonl'));
          else if (output !== 'json') for (const line of changeLines(message, last, new Date())) print(line);
          last = message;
        }
      } catch (error) {
        if (last === undefined || systemClock.monotonic() < end) throw error;
      }
      if (output === 'json' && last) print(protoJson(MessageSchema, last.proto, 'json'));
      if (last?.final !== true) say(`still ${last?.state ?? 'unknown'}; delivery goes on`);
      return last?.final === true ? outcomeCode(last.state) : exitCode.timeout;
    });
  },
});
