import { ListMessagesResponseSchema, MessageSchema } from '@posthaste/protocol';
import type { MessageFilter, MessageStatus, PosthasteClient } from '@posthaste/client';
import { askApi, patience } from '../api.ts';
import { type Call, defineCommand } from '../command/command.ts';
import { type Options, option, type ValuesOf } from '../command/option.ts';
import { apiOptions, endpointOf, outputOptions, refreshOptions } from '../command/option-sets.ts';
import { exitCode } from '../exit-code.ts';
import { usageError } from '../failure.ts';
import { messageTable } from '../message-table.ts';
import { protoJson } from '../terminal/json.ts';
import { drawAgain, printPicture } from '../terminal/picture.ts';
import { create } from '@bufbuild/protobuf';
import { states } from '../words.ts';

const filters = {
  state: option.choices(states, { short: 's', doc: 'In this state.' }),
  lane: option.lanes({ doc: 'In this lane.' }),
  since: option.timeAgo({ doc: 'Accepted at this time or later, such as 2031-05-01T08:00:00Z, or 2h for two hours ago.' }),
  until: option.timeAgo({ doc: 'Accepted before this time.' }),
  to: option.text({ value: 'ADDRESS', doc: 'With this recipient; @example.net: with one at this domain.' }),
  from: option.text({ value: 'ADDRESS', doc: 'With this reverse path; @example.org: with one at this domain; <>: with none.' }),
  'message-id': option.text({ value: 'ID', doc: 'With this Message-ID header.' }),
  'upstream-id': option.text({ value: 'ID', doc: 'Taken by an upstream under this id of its own.' }),
  upstream: option.text({ value: 'NAME', doc: 'Attempted at this upstream last.' }),
  tenant: option.text({ value: 'NAME', doc: 'Of this tenant.' }),
} satisfies Options;

const options = {
  ...filters,
  limit: option.int({ short: 'n', value: 'N', min: 1, max: 1_000_000, doc: 'At most so many. Default: 50' }),
  all: option.flag({ short: 'a', doc: 'As many as there are.' }),
  ...refreshOptions,
  ...apiOptions,
  ...outputOptions,
};

export const list = defineCommand({
  summary: 'mails that match, newest first',
  about:
    'All filters given must match; a repeatable one matches when one of its values does. What was accepted in the last moments may be missing: status finds it.',
  options,
  examples: [
    { line: 'posthaste list --state failed --since 1d', says: 'what failed since yesterday' },
    { line: 'posthaste list --to @example.net --all -o jsonl', says: 'all for a domain, one JSON object a line' },
    { line: 'posthaste list --state queued --state sending --watch', says: 'what is on its way, shown again and again' },
  ],
  async run(call) {
    const {
      options: { limit, all, watch, every },
      env,
    } = call;
    if (all && limit !== undefined) throw usageError('--all and --limit contradict each other; keep one');
    return askApi(endpointOf(call.options.endpoint, env), patience.question, async (client) => {
      if (watch) await drawAgain(every ?? 2_000, () => printOnce(call, client));
      else await printOnce(call, client);
      return exitCode.ok;
    });
  },
});

async function printOnce(call: Call<typeof options>, client: PosthasteClient): Promise<void> {
  const {
    print,
    say,
    options: { output, limit = 50, all, watch },
  } = call;
  const most = all ? Number.POSITIVE_INFINITY : limit;
  const found: MessageStatus[] = [];
  for await (const message of client.list(filterOf(call.options, Math.min(most, 1_000)))) {
    if (found.length === most) {
      if (!watch) say(`these are the ${most} newest; --limit N or --all shows more`);
      break;
    }
    found.push(message);
    // A line at once: there may be a million.
    if (output === 'jsonl') print(protoJson(MessageSchema, message.proto, 'jsonl'));
  }
  if (output === 'json')
    print(protoJson(ListMessagesResponseSchema, create(ListMessagesResponseSchema, { messages: found.map(({ proto }) => proto) }), 'json'));
  else if (output !== 'jsonl' && watch) printPicture(call, messageTable(found, call.paint, new Date()));
  else if (output !== 'jsonl') print(messageTable(found, call.paint, new Date()));
}

function filterOf(given: ValuesOf<typeof filters>, pageSize: number): MessageFilter {
  const { state, lane, since, until, to, from, upstream, tenant } = given;
  return {
    states: state,
    lanes: lane,
    pageSize,
    ...(since && { acceptedAfter: since }),
    ...(until && { acceptedBefore: until }),
    recipient: to ?? '',
    from: from ?? '',
    messageIdHeader: given['message-id'] ?? '',
    upstreamId: given['upstream-id'] ?? '',
    upstream: upstream ?? '',
    tenant: tenant ?? '',
  };
}
