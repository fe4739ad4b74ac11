import type { MessageInitShape } from '@bufbuild/protobuf';
import { Reason, RecipientState, type MessageSelectorSchema, type SuspensionMatchSchema } from '@posthaste/protocol';
import { laneFields, type LaneName } from '../lane-name.ts';
import type { ReasonName } from '../message-status.ts';
import { invalidField } from '../posthaste-error.ts';
import { durationOf } from '../submit-request.ts';
import { valueOf, type GivenWord } from '../word.ts';

/** What mail has in common: all that is given must hold. */
export interface MailMatch {
  readonly tenant?: string;
  /** Of the recipient. */
  readonly domain?: string;
  /** What it is bound for: an upstream, or a group of upstreams by name. */
  readonly upstream?: string;
  readonly lane?: LaneName;
  /** The tag `campaign`. */
  readonly campaign?: string;
  /** All of these. */
  readonly tags?: Readonly<Record<string, string>>;
  /** All mail there is; goes with nothing else. Default: false. */
  readonly all?: boolean;
}

/** Names mail that is not final, or dead letters. Something must be given, or `all`. For dead letters `upstream` and `state` cannot be given. */
export interface MailSelector extends MailMatch {
  readonly ids?: readonly string[];
  /** Recipients in this state. */
  readonly state?: GivenWord<typeof RecipientState>;
  /** Recipients that wait, or failed, for this reason. */
  readonly reason?: ReasonName;
  /** Accepted longer ago than so many milliseconds. */
  readonly olderThanMs?: number;
}

/** Throws INVALID_FIELD where it cannot be put into the contract's words; all other rules are the server's. */
export function suspensionMatch(match: MailMatch) {
  const { tenant = '', domain = '', upstream = '', lane, campaign = '', tags = {}, all = false } = match;
  return {
    tenant,
    domain,
    upstream,
    campaign,
    tags: { ...tags },
    all,
    ...(lane === undefined ? {} : laneFields('lane', lane)),
  } satisfies MessageInitShape<typeof SuspensionMatchSchema>;
}

/** Throws INVALID_FIELD where it cannot be put into the contract's words. */
export function messageSelector(selector: MailSelector): MessageInitShape<typeof MessageSelectorSchema> {
  const { ids = [], state, reason, olderThanMs } = selector;
  return {
    ...suspensionMatch(selector),
    ids: [...ids],
    ...(state === undefined ? {} : { state: wordIn(RecipientState, 'state', state) }),
    ...(reason === undefined ? {} : { reason: wordIn(Reason, 'reason', reason) }),
    ...(olderThanMs === undefined ? {} : { olderThan: durationOf('selector.older_than', olderThanMs) }),
  };
}

export function wordIn<E extends Readonly<Record<string, number>>>(words: E, field: string, word: string): E[keyof E] {
  const value = valueOf(words, word);
  if (value !== undefined) return value;
  const known = Object.keys(words).filter((name) => name !== 'UNSPECIFIED');
  throw invalidField(field, `came ${JSON.stringify(word)}; expected one of ${known.join(', ')}`);
}
