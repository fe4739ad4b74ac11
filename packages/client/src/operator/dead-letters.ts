import { create } from '@bufbuild/protobuf';
import { ListDeadLettersRequestSchema, MessageSchema, Reason, type DeadLetter } from '@posthaste/protocol';
import type { CallOptions, Connection } from '../connection.ts';
import { laneFields, type LaneName } from '../lane-name.ts';
import { dateOf, messageStatus, type MessageStatus, type ReasonName } from '../message-status.ts';
import { withProto, type WithProto } from '../with-proto.ts';
import { wordIn } from './selector.ts';

/** Which dead letters; what is not given does not limit. */
export interface DeadLetterFilter {
  readonly tenant?: string;
  /** Of a recipient. */
  readonly domain?: string;
  readonly lane?: LaneName;
  /** The tag `campaign`. */
  readonly campaign?: string;
  /** Why it failed. */
  readonly reason?: ReasonName;
  /** Dead letters a page, up to 1,000. Default: 50. */
  readonly pageSize?: number;
}

/** A message that failed for a recipient at least, kept with its body. */
export interface DeadLetterStatus extends WithProto<DeadLetter> {
  readonly message: MessageStatus;
  readonly diedAt: Date | undefined;
  readonly keptUntil: Date | undefined;
}

/** All pages, oldest first, each asked for when it is needed. */
export async function* deadLetters(
  { call, operator }: Connection,
  filter: DeadLetterFilter,
  limits: CallOptions,
): AsyncGenerator<DeadLetterStatus, void, undefined> {
  const request = deadLettersRequest(filter);
  for (let pageToken = ''; ;) {
    const page = await call(limits, (attempt) => operator.listDeadLetters({ ...request, pageToken }, attempt));
    yield* page.deadLetters.map(deadLetterStatus);
    pageToken = page.nextPageToken;
    if (pageToken === '') return;
  }
}

function deadLettersRequest({ lane, reason, pageSize = 0, tenant = '', domain = '', campaign = '' }: DeadLetterFilter) {
  return create(ListDeadLettersRequestSchema, {
    pageSize,
    tenant,
    domain,
    campaign,
    ...(lane === undefined ? {} : laneFields('lane', lane)),
    ...(reason === undefined ? {} : { reason: wordIn(Reason, 'reason', reason) }),
  });
}

function deadLetterStatus(letter: DeadLetter): DeadLetterStatus {
  const { message, diedAt, keptUntil } = letter;
  return withProto({ message: messageStatus(message ?? create(MessageSchema)), diedAt: dateOf(diedAt), keptUntil: dateOf(keptUntil) }, letter);
}
