import { toJsonString } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import {
  ExplainMessageRequestSchema,
  GetMessageRequestSchema,
  ListMessagesRequestSchema,
  type Message,
  Reason,
  type Recipient,
  RecipientState,
  WatchMessageRequestSchema,
  type StatusService,
} from '@posthaste/protocol';
import { isFinal } from '../message-status.ts';
import { matches } from './fake-filter.ts';
import type { FakeLanes } from './fake-lanes.ts';
import type { FakeQueue } from './fake-queue.ts';
import { pageOf } from './fake-page.ts';
import { statsOf } from './fake-stats.ts';
import { refusalError } from './refusal.ts';
import { validate } from './validation.ts';

export function statusService(queue: FakeQueue, lanes: FakeLanes, brokenWatches: () => AbortSignal): ServiceImpl<typeof StatusService> {
  return {
    getMessage(request) {
      validate(GetMessageRequestSchema, request);
      return { message: queue.present(request.id) };
    },
    explainMessage(request) {
      validate(ExplainMessageRequestSchema, request);
      const message = queue.present(request.id);
      const explained = message.recipients.map((recipient) => ({
        address: recipient.address,
        state: recipient.state,
        gates: [...(queue.isStopped(message, recipient) ? [{ reason: Reason.SUSPENDED_BY_OPERATOR }] : []), ...waits(recipient)],
      }));
      return { message, recipients: explained };
    },
    async *watchMessage(request, { signal }) {
      validate(WatchMessageRequestSchema, request);
      const broken = brokenWatches();
      for (let version = firstToTell(queue.versions(request.id), request.resumeToken); ; version += 1) {
        while (queue.versions(request.id).length <= version) {
          if (isFinal(queue.present(request.id).state)) return;
          await next(queue, signal, broken);
        }
        const message = queue.versions(request.id)[version];
        if (message) yield { message, resumeToken: String(version + 1) };
      }
    },
    listMessages(request) {
      validate(ListMessagesRequestSchema, request);
      lanes.check(request.laneNames);
      const all = queue.all().flatMap(({ message }) => (matches(message, request) ? [message] : []));
      const list = toJsonString(ListMessagesRequestSchema, { ...request, pageToken: '', pageSize: 0 });
      const { page, nextPageToken } = pageOf(all.reverse(), request, list);
      return { messages: [...page], nextPageToken };
    },
    queueStats: () =>
      statsOf(
        queue.all().map(({ message }) => message),
        lanes.all,
      ),
  };
}

/** The token is the number of versions told. Without one that fits, the present is told. */
function firstToTell({ length }: readonly Message[], token: string): number {
  return /^\d+$/.test(token) && Number(token) <= length ? Number(token) : length - 1;
}

function waits({ state, reason }: Recipient): { reason: Reason }[] {
  return state === RecipientState.QUEUED || state === RecipientState.HELD ? [{ reason }] : [];
}

async function next(queue: FakeQueue, signal: AbortSignal, broken: AbortSignal): Promise<void> {
  try {
    await queue.change(AbortSignal.any([signal, broken]));
  } catch (reason) {
    throw broken.aborted ? refusalError({ code: 'UNAVAILABLE', sentence: 'the server drains; watch on at another' }) : reason;
  }
}
