import type { MailSelector, ReasonName } from '@posthaste/client';
import type { Operand } from '../command/command.ts';
import { type Options, option, type ValuesOf } from '../command/option.ts';
import { apiOptions } from '../command/option-sets.ts';
import { usageError } from '../failure.ts';

/** What mail has in common, for a rule that also looks at what comes later. */
export const matchOptions = {
  tenant: option.text({ value: 'NAME', doc: 'Of this tenant.' }),
  domain: option.text({ value: 'DOMAIN', doc: 'Recipients at this domain.' }),
  upstream: option.text({ value: 'NAME', doc: 'Bound for this upstream, or group of upstreams.' }),
  lane: option.lane({ doc: 'In this lane, the further ones that have it as their base left out.' }),
  campaign: option.text({ value: 'NAME', doc: 'With the tag campaign of this value.' }),
  tag: option.pairs({ value: 'NAME=VALUE', doc: 'With this tag.' }),
} satisfies Options;

/** Loaded only when a shell asks. */
async function reasonNames(): Promise<readonly string[]> {
  const { Reason } = await import('@posthaste/protocol');
  return Object.keys(Reason).filter((name) => !/^\d+$/.test(name) && name !== 'UNSPECIFIED');
}

const ageOptions = {
  cause: option.text({
    value: 'CODE',
    suggests: reasonNames,
    doc: 'That wait, or failed, for this reason, such as UPSTREAM_REJECTED; status shows it.',
  }),
  'older-than': option.duration({ doc: 'Accepted longer ago than this, such as 2h.' }),
} satisfies Options;

/** Names mail that is not final. */
export const mailOptions = {
  ...matchOptions,
  state: option.choice(['queued', 'held', 'sending', 'in_doubt'], { short: 's', doc: 'Recipients in this state.' }),
  ...ageOptions,
  'all-mail': option.flag({ doc: 'All mail there is; goes with nothing else.' }),
} satisfies Options;

const { upstream: _, ...deadMatch } = matchOptions;

/** Names dead letters. */
export const deadOptions = {
  ...deadMatch,
  ...ageOptions,
  'all-mail': option.flag({ doc: 'All dead letters there are; goes with nothing else.' }),
} satisfies Options;

/** What every command takes that changes something. */
export const actOptions = {
  reason: option.text({ value: 'TEXT', doc: 'Why; it is recorded with every change, and shown with the mail.' }),
  author: option.text({ value: 'NAME', doc: 'Who asks, as it is recorded. Default: user@machine' }),
  'dry-run': option.flag({ doc: 'Count what would be changed, and change nothing.' }),
} satisfies Options;

export const operationOptions = {
  ...actOptions,
  yes: option.flag({ short: 'y', doc: 'Do it without asking. Needed for what is destructive or concerns many, unless a person can be asked.' }),
  timeout: option.duration({ doc: 'How long to wait until it is done; it goes on afterwards. Default: 60s' }),
  ...apiOptions,
} satisfies Options;

export const answerOptions = {
  output: option.choice(['table', 'json', 'jsonl', 'yaml', 'name'], {
    short: 'o',
    doc: 'table for people; json, yaml: proto3 JSON in that form; jsonl: one a line; name: ids alone. Default: table',
  }),
} satisfies Options;

export const idOperand: Operand = { name: 'id', how: 'any', completes: 'message ids', doc: 'Ids of mails. Default: all that the filters name' };

type Given = Partial<ValuesOf<typeof mailOptions>>;

/** Throws a usage error when nothing is named. */
export function selectorOf(ids: readonly string[], given: Given, canBeNamed = 'ids, a filter such as --tenant, or --all-mail'): MailSelector {
  const { tenant, domain, upstream, lane, campaign, tag, state, cause } = given;
  const olderThanMs = given['older-than'];
  const selector = {
    ...(ids.length > 0 && { ids }),
    ...(tenant !== undefined && { tenant }),
    ...(domain !== undefined && { domain }),
    ...(upstream !== undefined && { upstream }),
    ...(lane !== undefined && { lane }),
    ...(campaign !== undefined && { campaign }),
    ...(tag !== undefined && Object.keys(tag).length > 0 && { tags: tag }),
    ...(state !== undefined && { state }),
    ...(cause !== undefined && { reason: reasonOf(cause) }),
    ...(olderThanMs !== undefined && { olderThanMs }),
    ...(given['all-mail'] === true && { all: true }),
  };
  if (Object.keys(selector).length === 0) throw usageError(`nothing is named: give ${canBeNamed}`);
  if (selector.all === true && Object.keys(selector).length > 1) throw usageError('--all-mail goes with nothing else: leave it out, or the rest');
  return selector;
}

/** Written as operators write it: with hyphens, in lower case. The client knows which reasons there are. */
export function reasonOf(cause: string): ReasonName {
  return cause.toUpperCase().replaceAll('-', '_') as ReasonName;
}
