import { afterEach, expect, it } from 'vitest';
import { callServer } from './api.ts';
import { streamState } from './direct.ts';
import { bodiesStream, journalStream, keysStream, leasesStream, mailStream } from './layout.ts';
import { defaultLimits, planStreams, sumOfShares } from './plan.ts';
import { ensureStreams } from './streams.ts';
import { startTestbed, type Testbed } from './testbed/index.ts';

let testbed: Testbed;
afterEach(() => testbed.close());

const configOf = async (name: string) => (await callServer<{ config: Record<string, unknown> }>(testbed.direct, `STREAM.INFO.${name}`)).config;

it('takes at most nine tenths of the storage', async () => {
  testbed = await startTestbed();
  expect(sumOfShares(defaultLimits.shares)).toBeLessThanOrEqual(0.9 + 1e-9);
  const tooMuch = { ...defaultLimits.shares, bodies: 0.5 };
  await expect(ensureStreams(testbed.direct, { partition: 0, limits: { shares: tooMuch } })).rejects.toThrow(/sum to 1\.3/);
});

it('creates every stream of a partition with its rules, also in a small store, and for a second partition beside it', async () => {
  testbed = await startTestbed({ storageBytes: 64 * 2 ** 20 });
  await ensureStreams(testbed.direct, { partition: 1, storageBytes: 64 * 2 ** 20 });
  const { streams } = await callServer<{ streams: string[] }>(testbed.direct, 'STREAM.NAMES');
  const expected = [0, 1].flatMap((partition) => planStreams(partition, 1, defaultLimits).map(({ name }) => name));
  expect(streams.toSorted()).toEqual([...new Set(expected)].toSorted());
  expect(await configOf(mailStream(1, 'low'))).toMatchObject({
    discard: 'new',
    discard_new_per_subject: true,
    allow_atomic: true,
    allow_direct: true,
  });
  expect(await configOf(leasesStream)).toMatchObject({ allow_msg_ttl: true, max_msgs_per_subject: 1 });
  expect(await configOf(keysStream(0, 'lasting'))).toMatchObject({ discard: 'new', max_age: 24 * 3600 * 1e9, max_msgs_per_subject: 1 });
  expect(await configOf(keysStream(0, 'brief'))).toMatchObject({ discard: 'old', max_age: 900 * 1e9, max_msgs_per_subject: 1 });
  expect(await configOf(journalStream(0))).toMatchObject({ discard: 'new', retention: 'limits', storage: 'file' });
});

it('changes what can be changed and keeps what is stored', async () => {
  testbed = await startTestbed({ storageBytes: 64 * 2 ** 20 });
  await ensureStreams(testbed.direct, { partition: 0, storageBytes: 128 * 2 ** 20 });
  expect(await configOf(bodiesStream)).toMatchObject({ max_bytes: Math.floor(128 * 2 ** 20 * defaultLimits.shares.bodies) });
  const { createdAt } = await streamState(testbed.direct, bodiesStream);
  await ensureStreams(testbed.direct, { partition: 0, storageBytes: 128 * 2 ** 20 });
  expect((await streamState(testbed.direct, bodiesStream)).createdAt).toBe(createdAt);
});

it('names the stream and what differs when it cannot be changed', async () => {
  testbed = await startTestbed();
  const name = journalStream(0);
  await callServer(testbed.direct, `STREAM.DELETE.${name}`);
  await callServer(testbed.direct, `STREAM.CREATE.${name}`, { name, subjects: ['journal.0.*'], storage: 'memory' });
  await expect(ensureStreams(testbed.direct, { partition: 0, storageBytes: 2 ** 29 })).rejects.toThrow(
    /JOURNAL_0 exists with other settings .*storage is "memory", expected "file"/,
  );
});

it('takes what storage there is when none is named, and stays with it; says FULL when what is named is not there', async () => {
  testbed = await startTestbed({ storageBytes: 64 * 2 ** 20 });
  const sizeOf = async () => (await configOf(bodiesStream))['max_bytes'] as number;
  const before = await sizeOf();
  await ensureStreams(testbed.direct, { partition: 0 });
  expect(Math.abs((await sizeOf()) - before)).toBeLessThan(16);
  for (const { name } of planStreams(0, 1, defaultLimits)) await callServer(testbed.direct, `STREAM.DELETE.${name}`);
  await ensureStreams(testbed.direct, { partition: 0 });
  expect((await sizeOf()) * 10).toBeGreaterThan(400 * 2 ** 20);
  await expect(ensureStreams(testbed.direct, { partition: 0, storageBytes: 2 ** 40 })).rejects.toMatchObject({ code: 'FULL' });
});
