import { afterEach, expect, it } from 'vitest';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import { watchFill, type FillWatch } from './fill.ts';
import { bodiesStream, bodySubject, mailStream, stateStream, stateSubject } from './layout.ts';
import { trimLog } from './removal.ts';
import { ensureStreams } from './streams.ts';
import { mailOf, startTestbed, type Testbed } from './testbed/index.ts';

let testbed: Testbed;
let watch: FillWatch;
afterEach(async () => {
  watch.close();
  await testbed.close();
});

const urgent = { lane: 'immediate', chunked: false } as const;
const begin = (tickets?: number, partitions = 1) =>
  (watch = watchFill(testbed.direct, {
    partitions,
    clock: systemClock,
    log: silentLog,
    intervalMs: 20,
    ...(tickets === undefined ? {} : { tickets }),
  }));

it('names the log that is nearly full, for its own lane only, and forgets it after a trim', async () => {
  testbed = await startTestbed({ storageBytes: 2 ** 22 });
  begin();
  const publisher = testbed.publisher(testbed.direct);
  const full = mailStream(0, 'normal');
  for (let index = 0; watch.blocked(0) === null; index += 1) await publisher.publish(mailOf(`m${index}`, Buffer.alloc(10_000))).catch(() => {});
  expect(watch.blocked(0)).toBe(full);
  expect(watch.blocked(0, { lane: 'normal', chunked: false })).toBe(full);
  expect(watch.blocked(0, urgent)).toBeNull();
  await trimLog(testbed.direct, full, 1_000_000);
  await eventually(() => watch.blocked(0) === null);
});

it('blocks every lane when the state of mail has no more room, and only large mail when the bodies have none', async () => {
  testbed = await startTestbed({ storageBytes: 2 ** 23 });
  begin();
  const publisher = testbed.publisher(testbed.direct);
  for (let index = 0; index < 2; index += 1) {
    await publisher.publish({
      stream: bodiesStream,
      subject: bodySubject(0, 'x', index),
      messageId: `b${index}`,
      headers: {},
      body: Buffer.alloc(390_000),
    });
  }
  await eventually(() => watch.blocked(0, { lane: 'low', chunked: true }) === bodiesStream);
  expect(watch.blocked(0, urgent)).toBeNull();
  for (let index = 0; watch.blocked(0, urgent) === null; index += 1) {
    await publisher
      .publish({ stream: stateStream(0), subject: stateSubject(0, `id${index}`), messageId: `s${index}`, headers: {}, body: Buffer.alloc(10_000) })
      .catch(() => {});
  }
  expect(watch.blocked(0, urgent)).toBe(stateStream(0));
});

it('blocks at the ticket limit', async () => {
  testbed = await startTestbed();
  begin(10);
  const publisher = testbed.publisher(testbed.direct);
  await Promise.all(Array.from({ length: 10 }, (_, index) => publisher.publish(mailOf(`m${index}`))));
  await eventually(() => watch.blocked(0, urgent) === 'TICKETS');
});

it('tells each partition by itself', async () => {
  testbed = await startTestbed({ storageBytes: 2 ** 23 });
  await ensureStreams(testbed.direct, { partitions: 2, storageBytes: 2 ** 23 });
  begin(undefined, 2);
  const publisher = testbed.publisher(testbed.direct);
  for (let index = 0; watch.blocked(0) === null; index += 1) await publisher.publish(mailOf(`m${index}`, Buffer.alloc(10_000))).catch(() => {});
  expect([watch.blocked(0), watch.blocked(1)]).toEqual([mailStream(0, 'normal'), null]);
  // It is known when all partitions have been looked at.
  await eventually(() => watch.ratio > 0.9);
});
