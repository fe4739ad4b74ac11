import { create } from '@bufbuild/protobuf';
import { Lane, QueueStatsResponseSchema, RecipientState, UpstreamState, type Message, type QueueStatsResponse } from '@posthaste/protocol';

/** Nothing ever waits in a fake but what the test lets wait. */
export function statsOf(messages: readonly Message[]): QueueStatsResponse {
  const count = (state: RecipientState, among: readonly Message[] = messages) =>
    BigInt(among.flatMap(({ recipients }) => recipients).filter((recipient) => recipient.state === state).length);
  const lanes = [Lane.IMMEDIATE, Lane.HIGH, Lane.NORMAL, Lane.LOW].map((lane) => {
    const mails = messages.filter((message) => message.lane === lane);
    return { lane, readyCount: count(RecipientState.QUEUED, mails) };
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
    },
  });
}
