import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Lane, UpstreamState } from '@posthaste/protocol';
import { LookupStatsResponseSchema } from '@posthaste/protocol/dispatch';
import { expect, test } from 'vitest';
import { sumStats } from './sum-stats.ts';

const answer = (counted: MessageInitShape<typeof LookupStatsResponseSchema>) => create(LookupStatsResponseSchema, counted);

test('what several schedulers counted is one sum, and the oldest and the worst is what is shown', () => {
  const one = answer({
    lanes: [{ lane: Lane.HIGH, readyCount: 1n, sendingCount: 2n, oldestAcceptedAt: timestampFromMs(2_000) }],
    upstreams: [{ name: 'main', state: UpstreamState.UP, queuedCount: 1n, window: 10n }],
    senders: [{ id: 's1', heldCount: 1n }],
    totals: { acceptedCount: 5n, deliveredCount: 4n, cancelledCount: 1n },
    unreadCount: 1n,
    takenAt: timestampFromMs(9_000),
    owner: 'first',
    epoch: 3n,
  });
  const other = answer({
    lanes: [{ lane: Lane.HIGH, readyCount: 10n, oldestAcceptedAt: timestampFromMs(1_000) }],
    upstreams: [{ name: 'main', state: UpstreamState.DOWN, trouble: 'refused', queuedCount: 2n, window: 10n }],
    senders: [
      { id: 's1', heldCount: 2n },
      { id: 's2', heldCount: 4n },
    ],
    totals: { acceptedCount: 50n, deliveredCount: 40n },
    unreadCount: 2n,
    takenAt: timestampFromMs(8_000),
    owner: 'second',
    epoch: 1n,
  });
  expect(sumStats([one, other, undefined])).toMatchObject({
    lanes: [{ lane: Lane.HIGH, readyCount: 11n, sendingCount: 2n, oldestAcceptedAt: timestampFromMs(1_000) }],
    upstreams: [{ name: 'main', state: UpstreamState.DOWN, trouble: 'refused', queuedCount: 3n, window: 20n }],
    senders: [
      { id: 's1', heldCount: 3n },
      { id: 's2', heldCount: 4n },
    ],
    totals: { acceptedCount: 55n, deliveredCount: 44n, cancelledCount: 1n },
    unreadCount: 3n,
    takenAt: timestampFromMs(8_000),
    partitions: [
      { partition: 0, owner: 'first', epoch: 3n, unreadCount: 1n },
      { partition: 1, owner: 'second', epoch: 1n, unreadCount: 2n },
      { partition: 2, owner: '', epoch: 0n, unreadCount: 0n },
    ],
  });
});

test('shares of a limit add up, each kind by itself; the worst state is shown; a group waits in all partitions', () => {
  const one = answer({
    upstreams: [
      {
        name: 'main',
        state: UpstreamState.UP,
        limits: [
          { scope: 'upstream:main', limit: 70n, configuredLimit: 100n, window: { seconds: 1n }, usedCount: 50n },
          { scope: 'upstream:main', limit: 5n, configuredLimit: 12n, usedCount: 1n },
          { scope: 'upstream:main', limit: 20n, window: { seconds: 1n }, usedCount: 3n, learned: true },
        ],
        connectionCount: 1n,
        maxConnections: 2n,
      },
    ],
    groups: [{ name: 'pool', queuedCount: 3n, upstreams: ['main'] }],
  });
  const other = answer({
    upstreams: [
      {
        name: 'main',
        state: UpstreamState.RECOVERING,
        returnsAt: timestampFromMs(5_000),
        limits: [
          { scope: 'upstream:main', limit: 30n, configuredLimit: 100n, window: { seconds: 1n }, usedCount: 20n },
          { scope: 'upstream:main', limit: 5n, configuredLimit: 12n, usedCount: 2n },
          { scope: 'upstream:main', limit: 10n, window: { seconds: 2n }, usedCount: 1n, learned: true },
        ],
        connectionCount: 2n,
        maxConnections: 3n,
      },
    ],
    groups: [{ name: 'pool', queuedCount: 4n, upstreams: ['main'] }],
  });
  expect(sumStats([one, other])).toMatchObject({
    upstreams: [
      {
        state: UpstreamState.RECOVERING,
        returnsAt: timestampFromMs(5_000),
        limits: [
          { limit: 100n, configuredLimit: 0n, window: { seconds: 1n }, usedCount: 70n, learned: false },
          { limit: 10n, configuredLimit: 12n, usedCount: 3n, learned: false },
          // 20 and 5 a second.
          { limit: 30n, window: { seconds: 1n, nanos: 200_000_000 }, usedCount: 4n, learned: true },
        ],
        connectionCount: 3n,
        maxConnections: 5n,
      },
    ],
    groups: [{ name: 'pool', queuedCount: 7n, upstreams: ['main'] }],
  });
});
