import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { readAllBytes } from '@connectrpc/connect/protocol';
import { QueueStatsResponseSchema, UpstreamState } from '@posthaste/protocol';
import { expect, test } from 'vitest';
import { answerHealth } from './health-report.ts';

const well = { senders: [{ id: 's', heldCount: 0n }], upstreams: [{ name: 'main', state: UpstreamState.UP }], fillRatio: 0.1 };

async function health(stats: MessageInitShape<typeof QueueStatsResponseSchema> | undefined, connected = true) {
  const told = () => (stats ? Promise.resolve(create(QueueStatsResponseSchema, stats)) : Promise.reject(new Error('away')));
  const { status, body } = await answerHealth({ connected: () => connected, stats: told });
  const bytes = await readAllBytes(body as AsyncIterable<Uint8Array>, 10_000);
  return { status, report: JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown> };
}

test('all is well when storage, scheduler, a sender and every upstream are there', async () => {
  expect(await health(well)).toMatchObject({ status: 200, report: { status: 'ok', senders: 1, upstreams: [{ name: 'main', status: 'ok' }] } });
});

test.each([
  ['no sender', { ...well, senders: [] }],
  ['an upstream that is down', { ...well, upstreams: [{ name: 'main', state: UpstreamState.DOWN, trouble: 'refused' }] }],
  ['storage that is almost full', { ...well, fillRatio: 0.95 }],
  ['a partition that no scheduler owns', { ...well, partitions: [{ partition: 0, owner: 'a' }, { partition: 1 }] }],
  ['a ledger far behind', { ...well, ledgerLag: durationFromMs(120_000) }],
])('mail is taken and some of it waits: %s', async (_what, stats) => {
  expect(await health(stats)).toMatchObject({ status: 200, report: { status: 'degraded' } });
});

test('it is down when the scheduler does not answer, and when storage does not', async () => {
  expect(await health(undefined)).toMatchObject({ status: 503, report: { status: 'down', scheduler: { status: 'down' } } });
  expect(await health(well, false)).toMatchObject({ status: 503, report: { status: 'down', storage: { status: 'down' } } });
});
