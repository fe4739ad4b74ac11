import { create } from '@bufbuild/protobuf';
import { ListDeadLettersResponseSchema, type ListDeadLettersRequest, type ListDeadLettersResponse } from '@posthaste/protocol';
import { OperateService, type DeadLetter } from '@posthaste/protocol/dispatch';
import { laneAsked } from '../lane-asked.ts';
import { refuseFields } from '../refusal/refusal.ts';
import { messageFromLookup } from '../status/message-view.ts';
import { decodePlace, encodePlace } from '../status/page-token.ts';
import type { OperateOptions } from './operate.ts';
import { reasonName } from './selection.ts';

const defaultSize = 50;

/** A page, from one partition after another. */
export async function listDeadLetters(
  { operator, lanes }: Pick<OperateOptions, 'operator' | 'lanes'>,
  request: ListDeadLettersRequest,
): Promise<ListDeadLettersResponse> {
  const { tenant, domain, campaign, reason, pageSize, pageToken } = request;
  const selector = { tenant, domain: domain.toLowerCase(), campaign, lane: laneAsked(request, lanes)?.name ?? '', reason: reasonName(reason) };
  const list = JSON.stringify(selector);
  const [first = 0] = operator.partitions;
  const [partition, from] = pageToken === '' ? [first, '0'] : placeFrom(pageToken, list, operator.partitions);
  const page = await operator.ask(partition, OperateService.method.listDeadLetters, { selector, from: BigInt(from), size: pageSize || defaultSize });
  const next = page && page.next > 0n ? { partition, from: String(page.next) } : firstAfter(operator.partitions, partition);
  return create(ListDeadLettersResponseSchema, {
    deadLetters: (page?.deadLetters ?? []).map(deadLetterFrom),
    nextPageToken: next ? encodePlace(next.partition, next.from, list) : '',
  });
}

function placeFrom(token: string, list: string, partitions: readonly number[]): readonly [partition: number, from: string] {
  const [partition, from] = decodePlace(token, list);
  if (partitions.includes(partition) && /^\d{1,19}$/.test(from)) return [partition, from];
  throw refuseFields([{ field: 'page_token', description: 'is no token that this server gave' }]);
}

function firstAfter(partitions: readonly number[], partition: number) {
  const next = partitions[partitions.indexOf(partition) + 1];
  return next === undefined ? undefined : { partition: next, from: '0' };
}

function deadLetterFrom({ ticketJson, recipients, diedAt, keptUntil }: DeadLetter) {
  return {
    message: messageFromLookup({ ticketJson, recipients }),
    ...(diedAt ? { diedAt } : {}),
    ...(keptUntil ? { keptUntil } : {}),
  };
}
