import { create } from '@bufbuild/protobuf';
import { DeadLetterSchema, ListDeadLettersResponseSchema } from '@posthaste/protocol';
import type { DeadLetterFilter, DeadLetterStatus } from '@posthaste/client';
import { askApi, patience } from '../api.ts';
import { type Call, defineCommand } from '../command/command.ts';
import { option, type ValuesOf } from '../command/option.ts';
import { apiOptions, endpointOf } from '../command/option-sets.ts';
import { exitCode } from '../exit-code.ts';
import { usageError } from '../failure.ts';
import { deadLetterTable } from '../operator/dead-letter-table.ts';
import { answerOptions, deadOptions, reasonOf } from '../operator/options.ts';
import { renderAnswer } from '../terminal/answer.ts';
import { protoJson } from '../terminal/json.ts';

const { tenant, domain, lane, campaign, cause } = deadOptions;

const filters = { tenant, domain, lane, campaign, cause };

const options = {
  ...filters,
  limit: option.int({ short: 'n', value: 'N', min: 1, max: 1_000_000, doc: 'At most so many. Default: 50' }),
  all: option.flag({ short: 'a', doc: 'As many as there are.' }),
  ...apiOptions,
  ...answerOptions,
};

export const deadList = defineCommand({
  summary: 'mails that failed and are kept with their bodies, oldest first',
  about: 'All filters given must match. They are kept for seven days unless the scheduler is told otherwise; posthaste status shows each attempt.',
  options,
  examples: [
    { line: 'posthaste dead list --cause RETRIES_EXHAUSTED', says: 'what was tried as often as the policy allows' },
    { line: 'posthaste dead list --domain example.net --all -o name', says: 'ids alone, for dead retry' },
  ],
  async run(call) {
    const { options: given, env, say } = call;
    if (given.all && given.limit !== undefined) throw usageError('--all and --limit contradict each other; keep one');
    const most = given.all ? Number.POSITIVE_INFINITY : (given.limit ?? 50);
    return askApi(endpointOf(given.endpoint, env), patience.question, async ({ operator }) => {
      const found: DeadLetterStatus[] = [];
      for await (const letter of operator.deadLetters(filterOf(given, Math.min(most, 1_000)))) {
        if (found.length === most) {
          say(`these are the ${most} oldest; --limit N or --all shows more`);
          break;
        }
        found.push(letter);
        printEach(call, letter);
      }
      printAll(call, found);
      return exitCode.ok;
    });
  },
});

/** A line at once: there may be many. */
function printEach({ options: { output }, print }: Call<typeof options>, { message, proto }: DeadLetterStatus): void {
  if (output === 'jsonl') print(protoJson(DeadLetterSchema, proto, 'jsonl'));
  if (output === 'name') print(message.id);
}

function printAll({ options: { output }, print, paint }: Call<typeof options>, found: readonly DeadLetterStatus[]): void {
  if (output === 'jsonl' || output === 'name') return;
  const proto = create(ListDeadLettersResponseSchema, { deadLetters: found.map((letter) => letter.proto) });
  const text = () => deadLetterTable(found, paint, new Date());
  print(renderAnswer(output, { schema: ListDeadLettersResponseSchema, proto, name: '', text }));
}

function filterOf(given: ValuesOf<typeof filters>, pageSize: number): DeadLetterFilter {
  return {
    pageSize,
    ...(given.tenant !== undefined && { tenant: given.tenant }),
    ...(given.domain !== undefined && { domain: given.domain }),
    ...(given.lane !== undefined && { lane: given.lane }),
    ...(given.campaign !== undefined && { campaign: given.campaign }),
    ...(given.cause !== undefined && { reason: reasonOf(given.cause) }),
  };
}
