import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Lane, StatusService, UpstreamState } from '@posthaste/protocol';
import { LookupStatsResponseSchema } from '@posthaste/protocol/dispatch';
import { accepted, idOf } from './example-mail.ts';
import { refusalOf, startRig, type Rig } from '../rig.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig()));
afterAll(() => rig.stop());

test('what the scheduler counts is told with what the api sees', async () => {
  await rig.record([accepted(idOf(1))]);
  const counted = create(LookupStatsResponseSchema, {
    lanes: [{ lane: Lane.HIGH, readyCount: 3n, oldestAcceptedAt: timestampFromMs(1_000) }],
    upstreams: [{ name: 'main', state: UpstreamState.DOWN, trouble: 'refused', queuedCount: 3n }],
    totals: { acceptedCount: 7n, deliveredCount: 4n },
    takenAt: timestampFromMs(2_000),
  });
  Object.assign(rig.scheduler.stats, counted);
  const response = await fetch(`${rig.url}/v1/stats`);
  expect(await response.json()).toMatchObject({
    lanes: [{ lane: 'LANE_HIGH', readyCount: '3', oldestAcceptedAt: '1970-01-01T00:00:01Z' }],
    upstreams: [{ name: 'main', state: 'UPSTREAM_STATE_DOWN', trouble: 'refused', queuedCount: '3' }],
    totals: { acceptedCount: '7', deliveredCount: '4' },
    fillRatio: 0.25,
    ledgerLag: expect.stringMatching(/s$/),
    takenAt: '1970-01-01T00:00:02Z',
  });
});

test('without the scheduler there are no figures', async () => {
  rig.scheduler.stop();
  const client = createClient(StatusService, createGrpcTransport({ baseUrl: rig.url }));
  expect(await refusalOf(client.queueStats({}))).toMatchObject({ code: 'Unavailable', reason: 'SCHEDULER_UNAVAILABLE', retryAfterSeconds: 1 });
  expect((await fetch(`${rig.url}/v1/stats`)).status).toBe(503);
});
