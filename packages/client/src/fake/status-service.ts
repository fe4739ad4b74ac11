import type { ServiceImpl } from '@connectrpc/connect';
import {
  ExplainMessageRequestSchema,
  GetMessageRequestSchema,
  Lane,
  ListMessagesRequestSchema,
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
      const told = request.resumeToken === '' ? queue.versions(request.id).length - 1 : Number(request.resumeToken);
      for (let version = told; ; version += 1) {
        while (queue.versions(request.id).length <= version) await next(queue, signal, broken);
        const message = queue.versions(request.id)[version];
        if (message) yield { message, resumeToken: String(version + 1) };
        if (message && isFinal(message.state)) return;
      }
    },
    listMessages(request) {
      validate(ListMessagesRequestSchema, request);
      for (const laneName of request.laneNames) lanes.asked({ lane: Lane.UNSPECIFIED, laneName });
      const all = queue.all().filter(({ message }) => matches(message, request));
      const from = Number(request.pageToken);
      const to = from + (request.pageSize === 0 ? 50 : request.pageSize);
      const messages = all.reverse().slice(from, to);
      return { messages: messages.map(({ message }) => message), nextPageToken: to < all.length ? String(to) : '' };
    },
    queueStats: () =>
      statsOf(
        queue.all().map(({ message }) => message),
        lanes.all,
      ),
  };
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
