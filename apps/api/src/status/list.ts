import { create, toBinary } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { LaneTable } from '@posthaste/core';
import type { MessageFilter } from '@posthaste/ledger';
import {
  Lane,
  ListMessagesResponseSchema,
  type ListMessagesRequest,
  type ListMessagesResponse,
  type Message,
  MessageSchema,
} from '@posthaste/protocol';
import { knownLane, laneAsked } from '../lane-asked.ts';
import { nullSender } from '../submission/envelope.ts';
import type { MessageSources } from './message-finding.ts';
import { messageStateName } from './message-state.ts';
import { listedMessage } from './message-view.ts';
import { decodePageToken, encodePageToken } from './page-token.ts';

interface ListOptions extends Pick<MessageSources, 'ledger' | 'clock'> {
  readonly lanes: LaneTable;
}

const defaultSize = 50;

export async function listMessages(
  { ledger, clock, lanes }: ListOptions,
  request: ListMessagesRequest,
  signal: AbortSignal,
): Promise<ListMessagesResponse> {
  const filter = filterOf(request, lanes);
  const list = JSON.stringify(filter);
  const from = request.pageToken === '' ? undefined : decodePageToken(request.pageToken, list);
  const { messages, next } = await ledger.list({ filter, from, size: request.pageSize || defaultSize }, signal);
  const listed = messages.map((record) => listedMessage(record, clock.now()));
  const kept = countWithin(largestPage, listed);
  const last = kept < messages.length ? messages[kept - 1]?.ticket : undefined;
  const end = last ? { acceptedAt: last.acceptedAt, id: last.id } : next;
  return create(ListMessagesResponseSchema, { messages: listed.slice(0, kept), nextPageToken: end ? encodePageToken(end, list) : '' });
}

/** Bytes of its messages. gRPC's clients take 4 MiB unless they are told otherwise. */
const largestPage = 3 * 1024 * 1024;

/** How many of the first ones have room; one always has. */
function countWithin(bytes: number, messages: readonly Message[]): number {
  let left = bytes;
  const over = messages.findIndex((message) => (left -= toBinary(MessageSchema, message).length) < 0);
  return over < 0 ? messages.length : Math.max(1, over);
}

/** What is empty does not narrow the list. */
function filterOf(request: ListMessagesRequest, table: LaneTable): MessageFilter {
  const { states, lanes, laneNames, acceptedAfter, acceptedBefore, recipient, from, messageIdHeader, upstreamId, upstream, tenant } = request;
  return {
    ...(states.length === 0 ? {} : { states: states.map(messageStateName).filter((name) => name !== undefined) }),
    ...(lanes.length + laneNames.length === 0 ? {} : { lanes: lanesOf(request, table) }),
    ...(acceptedAfter ? { acceptedAfter: timestampMs(acceptedAfter) } : {}),
    ...(acceptedBefore ? { acceptedBefore: timestampMs(acceptedBefore) } : {}),
    ...given({ recipient, upstream, tenant, upstreamId, messageId: messageIdHeader }),
    ...(from === '' ? {} : { from: from === nullSender ? '' : from }),
  };
}

/** Those given by number and those given by name, each once, in the order of urgency: a page token must fit the same list however it is asked for. */
function lanesOf({ lanes, laneNames }: ListMessagesRequest, table: LaneTable): string[] {
  const byNumber = lanes.flatMap((lane) => laneAsked({ lane: lane || Lane.NORMAL, laneName: '' }, table) ?? []);
  const byName = laneNames.map((name, index) => knownLane(name, table, `lane_names[${index}]`));
  const asked = new Set([...byNumber, ...byName]);
  return table.all.filter((lane) => asked.has(lane)).map(({ name }) => name);
}

type Words = Pick<MessageFilter, 'recipient' | 'upstream' | 'tenant' | 'upstreamId' | 'messageId'>;

function given(words: Required<Words>): Words {
  return Object.fromEntries(Object.entries(words).filter(([, word]) => word !== ''));
}
