import { create } from '@bufbuild/protobuf';
import type { FakeLane } from './fake-lanes.ts';
import { QueueStatsResponseSchema, RecipientState, UpstreamState, type Message, type QueueStatsResponse } from '@posthaste/protocol';

/** Nothing ever waits in a fake but what the test lets wait. */
export function statsOf(messages: readonly Message[], all: readonly FakeLane[]): QueueStatsResponse {
  const count = (state: RecipientState, among: readonly Message[] = messages) =>
    BigInt(among.flatMap(({ recipients }) => recipients).filter((recipient) => recipient.state === state).length);
  const lanes = all.map(({ lane, laneName }) => {
    const mails = messages.filter((message) => message.laneName === laneName);
    return { lane, laneName, readyCount: count(RecipientState.QUEUED, mails), heldCount: count(RecipientState.HELD, mails) };
  });
  return create(QueueStatsResponseSchema, {
    lanes,
    upstreams: [{ name: 'fake', state: UpstreamState.UP, queuedCount: count(RecipientState.QUEUED) }],
    senders: [{ id: 'fake' }],
    partitions: [{ partition: 0, owner: 'fake', epoch: 1n }],
    totals: {
      acceptedCount: BigInt(messages.flatMap(({ recipients }) => recipients).length),
      deliveredCount: count(RecipientState.DELIVERED),
      failedCount: count(RecipientState.FAILED),
      cancelledCount: count(RecipientState.CANCELLED),
    },
  });
}
