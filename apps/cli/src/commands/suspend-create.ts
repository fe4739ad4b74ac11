import { OperationSchema, SuspensionSchema } from '@posthaste/protocol';
import type { MailSelector } from '@posthaste/client';
import { askApi, patience } from '../api.ts';
import { type Call, defineCommand } from '../command/command.ts';
import { option } from '../command/option.ts';
import { apiOptions, endpointOf } from '../command/option-sets.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { dayAndTime } from '../message-text.ts';
import { authorOf } from '../operator/author.ts';
import { askConsent } from '../operator/consent.ts';
import { recipients } from '../operator/operation-text.ts';
import { actOptions, answerOptions, matchOptions, selectorOf } from '../operator/options.ts';
import { describeMatch } from '../operator/suspension-table.ts';
import { renderAnswer } from '../terminal/answer.ts';

const options = {
  ...matchOptions,
  'all-mail': option.flag({ doc: 'All mail; goes with nothing else, and needs --yes.' }),
  for: option.duration({ doc: 'Ends by itself after this, such as 1h. Default: when it is lifted' }),
  ...actOptions,
  yes: option.flag({ short: 'y', doc: 'Do it without asking.' }),
  ...apiOptions,
  ...answerOptions,
};

export const suspendCreate = defineCommand({
  summary: 'stop all mail that matches, what is here and what comes later',
  about: `Until it is lifted or expires. All that is given must match. What a sender has goes on; what waits keeps its place in the order, and still expires.`,
  options,
  examples: [
    { line: 'posthaste suspend create --domain example.net --for 1h --reason "they asked us to wait"', says: 'a domain, for an hour' },
    { line: 'posthaste suspend --tenant shop --lane low', says: "a tenant's bulk, until it is lifted" },
    { line: 'posthaste suspend create --campaign spring --dry-run', says: 'how much waits that it would stop' },
  ],
  async run(call) {
    const match = selectorOf([], call.options, 'a filter such as --tenant, or --all-mail');
    if (match.all === true && !call.options['dry-run']) await askConsent(call, 'stops all mail, what is here and what comes later');
    return call.options['dry-run'] ? count(call, match) : suspend(call, match);
  },
});

async function suspend(call: Call<typeof options>, match: MailSelector): Promise<ExitCode> {
  const { endpoint, reason = '', author, for: ttlMs, output } = call.options;
  const wanted = { comment: reason, author: authorOf(author), ...(ttlMs !== undefined && { ttlMs }) };
  const suspension = await askApi(endpointOf(endpoint, call.env), patience.submission, ({ operator }) => operator.suspend(match, wanted));
  const until = suspension.expiresAt ? `until ${dayAndTime(suspension.expiresAt)}` : 'until it is lifted';
  const text = () => (call.quiet ? suspension.id : `${suspension.id}  ${describeMatch(suspension.match)} suspended, ${until}`);
  call.print(renderAnswer(output, { schema: SuspensionSchema, proto: suspension.proto, name: suspension.id, text }));
  return exitCode.ok;
}

/** What waits and would be stopped is what a hold would stop now. */
async function count(call: Call<typeof options>, match: MailSelector): Promise<ExitCode> {
  const { endpoint, output } = call.options;
  const counted = await askApi(endpointOf(endpoint, call.env), patience.question, ({ operator }) => operator.hold(match, { dryRun: true }));
  const text = () => `${recipients(counted.matchedCount)} on the way would be stopped, and what comes later`;
  call.print(renderAnswer(output, { schema: OperationSchema, proto: counted.proto, name: counted.id, text }));
  return exitCode.ok;
}
