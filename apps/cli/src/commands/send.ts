import { SendAndWaitResponseSchema, SubmitResponseSchema } from '@posthaste/protocol';
import type { Mail, Receipt, SendAndWaitResult } from '@posthaste/client';
import { askApi, patience } from '../api.ts';
import { type Call, defineCommand } from '../command/command.ts';
import { endpointOf } from '../command/option-sets.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { usageError } from '../failure.ts';
import { describeMessage } from '../message-text.ts';
import { outcomeCode } from '../outcome-code.ts';
import { describeRequest, requestFor } from '../send/dry-run.ts';
import { sendOptions } from '../send/options.ts';
import { readMail } from '../send/read-mail.ts';
import { protoJson } from '../terminal/json.ts';

type SendCall = Call<typeof sendOptions>;

export const send = defineCommand({
  summary: 'hand a mail over; prints its id',
  about: `Answers when the mail is stored; with --wait when an upstream has taken it. Exit codes with --wait: 0 delivered to all recipients, 7 to some,
1 to none; 124 the time passed first, and delivery goes on.`,
  options: sendOptions,
  examples: [
    { line: 'posthaste send --from a@example.org --to b@example.net --subject hi --text hello', says: 'a text' },
    {
      line: 'df -h | posthaste send --from ops@example.org --to b@example.net -s disks -q',
      says: 'the text from standard input; prints the id alone',
    },
    { line: 'posthaste send --raw mail.eml --to b@example.net --wait --timeout 60s', says: 'a whole message, and wait for the upstream' },
    {
      line: 'posthaste send --from a@example.org --to b@example.net --html-file offer.html --inline logo=logo.png --attach offer.pdf --lane low --tag campaign=spring',
      says: 'HTML with a picture and a file, as bulk',
    },
  ],
  async run(call) {
    const { options, env, stdin, print } = call;
    const waitMs = waitOf(options);
    const endpoint = endpointOf(options.endpoint, env);
    const mail = await readMail(options, stdin);
    if (options['dry-run']) {
      print(describeRequest(await requestFor(mail), waitMs, options.output === 'jsonl' ? 'jsonl' : 'json'));
      return exitCode.ok;
    }
    return waitMs === undefined ? submit(call, endpoint, mail) : sendAndWait(call, endpoint, mail, waitMs);
  },
});

/** Milliseconds; undefined when acceptance is enough. */
function waitOf({ wait, timeout }: SendCall['options']): number | undefined {
  if (wait !== 'delivered' && timeout !== undefined) throw usageError('--timeout bounds --wait: give both');
  return wait === 'delivered' ? (timeout ?? 60_000) : undefined;
}

async function submit(call: SendCall, endpoint: string, mail: Mail): Promise<ExitCode> {
  const receipt = await askApi(endpoint, patience.submission, (client) => client.submit(mail));
  const { output } = call.options;
  call.print(output === 'json' || output === 'jsonl' ? protoJson(SubmitResponseSchema, receipt.proto, output) : receiptLine(call, receipt));
  return exitCode.ok;
}

function receiptLine({ quiet }: SendCall, { id, replayed }: Pick<Receipt, 'id' | 'replayed'>): string {
  if (quiet) return id;
  return `${id}  accepted${replayed ? ' before, under the same idempotency key' : ''}`;
}

async function sendAndWait(call: SendCall, endpoint: string, mail: Mail, timeoutMs: number): Promise<ExitCode> {
  const result = await askApi(endpoint, patience.submission, (client) => client.sendAndWait(mail, { timeoutMs }));
  const { output } = call.options;
  call.print(output === 'json' || output === 'jsonl' ? protoJson(SendAndWaitResponseSchema, result.proto, output) : describeResult(call, result));
  if (result.settled && result.message) return outcomeCode(result.message.state);
  call.say(`still ${result.message?.state ?? 'unknown'} after ${timeoutMs / 1000} s; delivery goes on`);
  return exitCode.timeout;
}

function describeResult(call: SendCall, result: SendAndWaitResult): string {
  return call.quiet || !result.message ? receiptLine(call, result) : describeMessage(result.message.proto, new Date());
}
