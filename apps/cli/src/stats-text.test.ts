import type { QueueStats } from '@posthaste/client';
import { expect, it } from 'vitest';
import { describeStats } from './stats-text.ts';
import { plain } from './terminal/paint.ts';

const now = new Date('2031-01-01T12:00:00Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1_000);

const working = {
  state: 'up' as const,
  downSince: undefined,
  returnsAt: undefined,
  trouble: '',
  queuedCount: 0,
  sendingCount: 0,
  window: 0,
  limits: [],
  connections: undefined,
};

const stats: Omit<QueueStats, 'proto'> = {
  lanes: [
    { lane: 'immediate', readyCount: 0, waitingCount: 0, sendingCount: 0, inDoubtCount: 0, heldCount: 0, oldestAcceptedAt: undefined },
    { lane: 'normal', readyCount: 1234, waitingCount: 5, sendingCount: 10, inDoubtCount: 1, heldCount: 0, oldestAcceptedAt: ago(90) },
  ],
  upstreams: [
    { ...working, name: 'backup', window: 20 },
    { ...working, name: 'main', state: 'down', downSince: ago(300), trouble: 'connect ECONNREFUSED \u001b[31m', queuedCount: 1239, sendingCount: 10 },
  ],
  groups: [],
  senders: [{ id: 'sender-1', heldCount: 10 }],
  totals: { acceptedCount: 2000, deliveredCount: 750, failedCount: 0, expiredCount: 0, inDoubtCount: 1, cancelledCount: 2 },
  unreadCount: 3,
  fillRatio: 0.456,
  ledgerLagMs: 12.3,
  takenAt: now,
  partitions: [{ partition: 0, owner: 'host-1', epoch: 3, unreadCount: 3 }],
  fleet: { neededSenders: 3, wantedSenders: 5, lateCount: 12, multiplier: 2.5, frozen: true },
};

it('shows what waits where, which upstream is down and why, and who sends', () => {
  expect(describeStats(stats as QueueStats, plain, now).split('\n')).toEqual([
    'LANE       READY  WAITING  SENDING  IN DOUBT  HELD  OLDEST',
    'immediate  0      0        0        0         0     -',
    'normal     1234   5        10       1         0     90 s ago',
    '',
    'UPSTREAM  STATE  QUEUED  SENDING  WINDOW  DOWN SINCE',
    'backup    up     0       0        20',
    'main      down   1239    10       0       5 min ago: connect ECONNREFUSED \ufffd[31m',
    '',
    'senders 1, needed 3, 5 if the upstreams took everything, 12 late, calendar: 2.5 times the usual, calendar: none is taken away',
    '',
    'SENDER    HOLDS',
    'sender-1  10',
    '',
    'accepted 2000, delivered 750, failed 0, expired 0, cancelled 2, in doubt 1 times',
    'unread 3, fullest stream 46 %, ledger 12 ms behind',
  ]);
});

it('shows limits, what is learned beside what is configured, connections, groups, and when mail returns', () => {
  const upstream = {
    ...working,
    name: 'main',
    state: 'recovering',
    returnsAt: ago(-240),
    limits: [
      { limit: 100, windowMs: 1_000, usedCount: 100, learned: false, configured: 100 },
      { limit: 20, windowMs: undefined, usedCount: 3, learned: false, configured: 30 },
      { limit: 47, windowMs: 1_000, usedCount: 40, learned: true, configured: 47 },
    ],
    connections: { count: 4, most: 5 },
  };
  const groups = [{ name: 'pool', queuedCount: 77, upstreams: ['main', 'backup'] }];
  expect(describeStats({ ...stats, upstreams: [upstream], groups } as unknown as QueueStats, plain, now)).toContain(
    [
      'UPSTREAM  STATE       QUEUED  SENDING  WINDOW  DOWN SINCE',
      'main      recovering  0       0        0       mail returns in 4 min',
      '',
      'GROUP  QUEUED  UPSTREAMS',
      'pool   77      main, backup',
      '',
      'LIMIT OF  TAKES               USED',
      'main      100 in 1s           100',
      'main      20 of 30 at once    3',
      'main      47 in 1s (learned)  40',
      'main      5 connections       4',
    ].join('\n'),
  );
});

it('says that nobody sends', () => {
  expect(describeStats({ ...stats, senders: [] } as unknown as QueueStats, plain, now)).toContain('no sender is connected');
});

it('shows who owns which partition when there are several, and which nobody owns', () => {
  const partitions = [...stats.partitions, { partition: 1, owner: undefined, epoch: 0, unreadCount: 0 }];
  expect(describeStats({ ...stats, partitions } as unknown as QueueStats, plain, now)).toContain(
    [
      'PARTITION  OWNER                                            EPOCH  UNREAD',
      '0          host-1                                           3      3',
      '1          nobody: its mail waits, and is not counted here',
    ].join('\n'),
  );
});
