import { afterEach, expect, it } from 'vitest';
import { callServer } from './api.ts';
import { streamState } from './direct.ts';
import { bodiesStream, journalStream, keysStream, leasesStream, mailStream } from './layout.ts';
import { defaultLimits, planStreams, sumOfShares } from './plan.ts';
import { ensureStreams } from './streams.ts';
import { mailOf, startTestbed, type Testbed } from './testbed/index.ts';

let testbed: Testbed;
afterEach(() => testbed.close());

const configOf = async (name: string) => (await callServer<{ config: Record<string, unknown> }>(testbed.direct, `STREAM.INFO.${name}`)).config;

it('takes at most nine tenths of the storage', async () => {
  testbed = await startTestbed();
  expect(sumOfShares(defaultLimits.shares)).toBeLessThanOrEqual(0.9 + 1e-9);
  const tooMuch = { ...defaultLimits.shares, bodies: 0.5 };
  await expect(ensureStreams(testbed.direct, { limits: { shares: tooMuch } })).rejects.toThrow(/sum to 1\.3/);
});

it('creates every stream of a partition with its rules, also in a small store, and for a second partition beside it', async () => {
  testbed = await startTestbed({ storageBytes: 64 * 2 ** 20 });
  await ensureStreams(testbed.direct, { partitions: 2, storageBytes: 64 * 2 ** 20 });
  const { streams } = await callServer<{ streams: string[] }>(testbed.direct, 'STREAM.NAMES');
  const expected = planStreams(2, 1, defaultLimits).map(({ name }) => name);
  expect(streams.toSorted()).toEqual(expected.toSorted());
  expect(await configOf(mailStream(1, 'low'))).toMatchObject({
    discard: 'new',
    discard_new_per_subject: true,
    allow_atomic: true,
    allow_direct: true,
  });
  expect(await configOf(leasesStream)).toMatchObject({ allow_msg_ttl: true, max_msgs_per_subject: 1 });
  expect(await configOf(keysStream('lasting'))).toMatchObject({ discard: 'new', max_age: 24 * 3600 * 1e9, max_msgs_per_subject: 1 });
  expect(await configOf(keysStream('brief'))).toMatchObject({ discard: 'old', max_age: 900 * 1e9, max_msgs_per_subject: 1 });
  expect(await configOf(journalStream(0))).toMatchObject({ discard: 'new', retention: 'limits', storage: 'file' });
});

it('changes what can be changed and keeps what is stored', async () => {
  testbed = await startTestbed({ storageBytes: 64 * 2 ** 20 });
  await ensureStreams(testbed.direct, { storageBytes: 128 * 2 ** 20 });
  expect(await configOf(bodiesStream)).toMatchObject({ max_bytes: Math.floor(128 * 2 ** 20 * defaultLimits.shares.bodies) });
  const { createdAt } = await streamState(testbed.direct, bodiesStream);
  await ensureStreams(testbed.direct, { storageBytes: 128 * 2 ** 20 });
  expect((await streamState(testbed.direct, bodiesStream)).createdAt).toBe(createdAt);
});

it('names the stream and what differs when it cannot be changed', async () => {
  testbed = await startTestbed();
  const name = journalStream(0);
  await callServer(testbed.direct, `STREAM.DELETE.${name}`);
  await callServer(testbed.direct, `STREAM.CREATE.${name}`, { name, subjects: ['journal.0.*'], storage: 'memory' });
  await expect(ensureStreams(testbed.direct, { storageBytes: 2 ** 29 })).rejects.toThrow(
    /JOURNAL_0 exists with other settings .*storage is "memory", expected "file"/,
  );
});

it('takes what storage there is when none is named, and stays with it; says FULL when what is named is not there', async () => {
  testbed = await startTestbed({ storageBytes: 64 * 2 ** 20 });
  const sizeOf = async () => (await configOf(bodiesStream))['max_bytes'] as number;
  const before = await sizeOf();
  await ensureStreams(testbed.direct);
  expect(Math.abs((await sizeOf()) - before)).toBeLessThan(16);
  for (const { name } of planStreams(1, 1, defaultLimits)) await callServer(testbed.direct, `STREAM.DELETE.${name}`);
  await ensureStreams(testbed.direct);
  expect((await sizeOf()) * 10).toBeGreaterThan(400 * 2 ** 20);
  await expect(ensureStreams(testbed.direct, { storageBytes: 2 ** 40 })).rejects.toMatchObject({ code: 'FULL' });
});

it("divides what is a partition's own when partitions are added, loses nothing by that, and refuses fewer", async () => {
  testbed = await startTestbed({ storageBytes: 2 ** 24 });
  const publisher = testbed.publisher(testbed.direct);
  const sizeOf = async (name: string) => (await configOf(name))['max_bytes'] as number;
  const [log, bodies] = [await sizeOf(mailStream(0, 'normal')), await sizeOf(bodiesStream)];
  // More than fits into a third of the log.
  const count = Math.floor((log * 0.7) / 10_000);
  for (let index = 0; index < count; index += 1) await publisher.publish(mailOf(`m${index}`, Buffer.alloc(10_000)));
  await ensureStreams(testbed.direct, { partitions: 3 });
  expect(Math.abs((await sizeOf(mailStream(2, 'normal'))) * 3 - log)).toBeLessThan(100);
  expect(Math.abs((await sizeOf(bodiesStream)) - bodies)).toBeLessThan(16);
  expect((await streamState(testbed.direct, mailStream(0, 'normal'))).messages).toBe(count);
  await expect(ensureStreams(testbed.direct, { partitions: 2 })).rejects.toThrow(
    /partitions is 2, yet mail is kept here in 3 \(there is JOURNAL_2\).*set partitions to 3/,
  );
});
