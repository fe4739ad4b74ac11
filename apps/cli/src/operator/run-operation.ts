import type { MailSelector, OperationOptions, OperationStatus, Operator } from '@posthaste/client';
import { OperationSchema } from '@posthaste/protocol';
import { systemClock } from '@posthaste/telemetry/clock';
import { askApi, patience } from '../api.ts';
import type { Call } from '../command/command.ts';
import { endpointOf } from '../command/option-sets.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { renderAnswer } from '../terminal/answer.ts';
import { authorOf } from './author.ts';
import { askConsent } from './consent.ts';
import { operationCode } from './operation-code.ts';
import { count, describeOperation, effects, recipients } from './operation-text.ts';
import type { answerOptions, operationOptions } from './options.ts';

type OperationCall = Call<typeof operationOptions & typeof answerOptions>;

export interface Plan {
  readonly selector: MailSelector;
  /** It cannot be undone: asked for even when it names a single mail. */
  readonly destructive?: true;
  act(operator: Operator, options: OperationOptions): Promise<OperationStatus>;
}

const defaultTimeoutMs = 60_000;
const lookEveryMs = 500;

/** Counts and asks where that is wanted, acts, waits until it is done, and says what came of it. */
export async function runOperation(call: OperationCall, plan: Plan): Promise<ExitCode> {
  const { options, env, print, quiet } = call;
  return askApi(endpointOf(options.endpoint, env), patience.submission, async ({ operator }) => {
    const outcome = await actWithConsent(call, operator, plan);
    const text = () => (quiet ? outcome.id : describeOperation(outcome));
    print(renderAnswer(options.output, { schema: OperationSchema, proto: outcome.proto, name: outcome.id, text }));
    return options['dry-run'] && outcome.done ? exitCode.ok : operationCode(outcome, plan.selector.ids !== undefined);
  });
}

async function actWithConsent(call: OperationCall, operator: Operator, plan: Plan): Promise<OperationStatus> {
  const { reason = '', author, yes, 'dry-run': dryRun } = call.options;
  const recorded = { comment: reason, author: authorOf(author) };
  const asks = plan.destructive === true || plan.selector.ids === undefined;
  if (dryRun || (asks && !yes)) {
    const counted = await follow(call, operator, await plan.act(operator, { ...recorded, dryRun: true }));
    if (dryRun || counted.changedCount + counted.pendingCount === 0) return counted;
    await askConsent(call, `${effects[counted.kind]} ${recipients(counted.changedCount + counted.pendingCount)}`);
  }
  return follow(call, operator, await plan.act(operator, recorded));
}

/** Looks again until it is done, or the time is over. */
async function follow({ options, say }: OperationCall, operator: Operator, begun: OperationStatus): Promise<OperationStatus> {
  const end = systemClock.monotonic() + (options.timeout ?? defaultTimeoutMs);
  let latest = begun;
  while (!latest.done && systemClock.monotonic() < end) {
    say(`${effects[latest.kind]} ${recipients(latest.matchedCount)} so far, ${count(latest.pendingCount)} with their sender`);
    await systemClock.sleep(lookEveryMs);
    latest = await operator.operation(latest.id);
  }
  return latest;
}
