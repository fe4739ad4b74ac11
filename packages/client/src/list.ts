import { create } from '@bufbuild/protobuf';
import { ListMessagesRequestSchema, MessageState, type ListMessagesRequest, type ListMessagesResponse } from '@posthaste/protocol';
import type { CallOptions, Connection } from './connection.ts';
import { laneFields, type LaneName } from './lane-name.ts';
import { messageStatus, type MessageStatus } from './message-status.ts';
import { invalidField } from './posthaste-error.ts';
import { timestampOf } from './submit-request.ts';
import { valueOf, type GivenWord } from './word.ts';
import { withProto, type WithProto } from './with-proto.ts';

/** Which messages; what is not given does not limit. */
export interface MessageFilter {
  /** In one of these states. */
  readonly states?: readonly GivenWord<typeof MessageState>[];
  /** In one of these lanes. */
  readonly lanes?: readonly LaneName[];
  /** Accepted at this time or later. */
  readonly acceptedAfter?: Date;
  /** Accepted before this time. */
  readonly acceptedBefore?: Date;
  /** With this recipient, whole, in any case; or, beginning with `@`, at this domain. */
  readonly recipient?: string;
  /** With this reverse path, whole, in any case; or, beginning with `@`, at this domain; or `<>`, the null sender. */
  readonly from?: string;
  /** With this Message-ID header, with or without angle brackets. */
  readonly messageIdHeader?: string;
  /** Taken by an upstream under this id of its own. */
  readonly upstreamId?: string;
  /** Attempted at this upstream last. */
  readonly upstream?: string;
  readonly tenant?: string;
  /** Messages a page, up to 1,000. Default: 50. */
  readonly pageSize?: number;
}

export interface PageFilter extends MessageFilter {
  /** `nextPageToken` of the page before; the filters must be the same. Default: the first page. */
  readonly pageToken?: string;
}

/** Newest first, without their attempts: `status` has those. */
export interface MessagePage extends WithProto<ListMessagesResponse> {
  readonly messages: readonly MessageStatus[];
  /** Undefined after the last page. */
  readonly nextPageToken: string | undefined;
}

export async function listPage(connection: Connection, filter: PageFilter, options: CallOptions): Promise<MessagePage> {
  const request = listRequest(filter);
  const page = await connection.call(options, (limits) => connection.status.listMessages(request, limits));
  const nextPageToken = page.nextPageToken === '' ? undefined : page.nextPageToken;
  return withProto({ messages: page.messages.map(messageStatus), nextPageToken }, page);
}

/** All pages, each asked for when it is needed. */
export async function* listPages(connection: Connection, filter: PageFilter, options: CallOptions): AsyncGenerator<MessagePage, void, undefined> {
  let pageToken = filter.pageToken;
  do {
    const page = await listPage(connection, { ...filter, ...(pageToken !== undefined && { pageToken }) }, options);
    yield page;
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
}

function listRequest(filter: PageFilter): ListMessagesRequest {
  const lanes = (filter.lanes ?? []).map((lane) => laneFields('lanes', lane));
  return create(ListMessagesRequestSchema, {
    pageSize: filter.pageSize ?? 0,
    pageToken: filter.pageToken ?? '',
    states: (filter.states ?? []).map(stateValue),
    lanes: lanes.flatMap(({ lane, laneName }) => (laneName === '' ? lane : [])),
    laneNames: lanes.flatMap(({ laneName }) => laneName || []),
    recipient: filter.recipient ?? '',
    from: filter.from ?? '',
    messageIdHeader: filter.messageIdHeader ?? '',
    upstreamId: filter.upstreamId ?? '',
    upstream: filter.upstream ?? '',
    tenant: filter.tenant ?? '',
    ...(filter.acceptedAfter && { acceptedAfter: timestampOf('accepted_after', filter.acceptedAfter) }),
    ...(filter.acceptedBefore && { acceptedBefore: timestampOf('accepted_before', filter.acceptedBefore) }),
  });
}

function stateValue(state: string): MessageState {
  const value = valueOf(MessageState, state);
  const known = Object.keys(MessageState).slice(1).join(', ').toLowerCase();
  if (value === undefined) throw invalidField('states', `${JSON.stringify(state)} is no state; expected one of ${known}`);
  return value;
}
