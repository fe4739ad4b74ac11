import { create, toJson, type JsonObject } from '@bufbuild/protobuf';
import { MessageSchema, QueueStatsResponseSchema } from '@posthaste/protocol';
import { expect, test } from 'vitest';
import { withZeros } from './zeros.ts';

test('numbers that are 0 stand there, at every depth; what may be absent, texts and words stay away', () => {
  const stats = create(QueueStatsResponseSchema, { lanes: [{}], upstreams: [{ name: 'main' }], ledgerLag: { seconds: 1n } });
  const json = withZeros(QueueStatsResponseSchema, toJson(QueueStatsResponseSchema, stats) as JsonObject);
  expect(json).toMatchObject({ unreadCount: '0', fillRatio: 0, ledgerLag: '1s', lanes: [{ readyCount: '0' }], upstreams: [{ name: 'main' }] });
  expect(JSON.stringify(json)).not.toMatch(/"tenant"|UNSPECIFIED|null/);
});

test('what is there stays as it is', () => {
  const message = create(MessageSchema, {
    id: 'x',
    sizeBytes: 5n,
    recipients: [{ address: 'a@example.net', attemptCount: 2 }],
    tags: { campaign: 'c' },
  });
  const json = toJson(MessageSchema, message) as JsonObject;
  expect(withZeros(MessageSchema, json)).toEqual(json);
});
