import { afterEach, expect, it } from 'vitest';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import type { StreamConnection } from './connection.ts';
import { createLease, currentOwner, type Lease } from './lease.ts';
import { startTestbed, type Testbed } from './testbed/index.ts';

let testbed: Testbed;
afterEach(() => testbed.close());

/** Asks again and again until it is had. */
const acquire = (lease: Lease) => eventually(() => lease.tryAcquire(), { intervalMs: 50 });

const leaseFor = (connection: StreamConnection, owner: string, ttlMs = 3_000) =>
  createLease(connection, { partition: 0, partitions: 1, owner, address: () => `${owner}:7420`, ttlMs, clock: systemClock, log: silentLog });

it('is held by one at a time, and goes to the next when it is released', async () => {
  testbed = await startTestbed();
  const first = leaseFor(testbed.direct, 'first');
  const second = leaseFor(testbed.direct, 'second');
  expect(await currentOwner(testbed.direct, 0)).toBeNull();
  await acquire(first);
  const taken = acquire(second);
  expect([first.held, second.held]).toEqual([true, false]);
  expect(await currentOwner(testbed.direct, 0)).toEqual({ owner: 'first', address: 'first:7420' });
  await first.release();
  await taken;
  await first.lost;
  expect([first.held, second.held]).toEqual([false, true]);
  await second.release();
});

it('is kept by renewal beyond its time', async () => {
  testbed = await startTestbed();
  const lease = leaseFor(testbed.direct, 'first');
  await acquire(lease);
  const until = systemClock.monotonic() + 4_500;
  await eventually(
    () => {
      expect(lease.held).toBe(true);
      return systemClock.monotonic() > until;
    },
    { intervalMs: 50 },
  );
  expect((await currentOwner(testbed.direct, 0))?.owner).toBe('first');
  await lease.release();
});

it('is given up by a holder that is cut off before another can have it', async () => {
  testbed = await startTestbed();
  const lonely = leaseFor(await testbed.connect(), 'lonely');
  const successor = leaseFor(testbed.direct, 'successor');
  await acquire(lonely);
  let lostAt = 0;
  const lost = lonely.lost.then(() => (lostAt = systemClock.monotonic()));
  testbed.cable.jam();
  await acquire(successor);
  const takenAt = systemClock.monotonic();
  await lost;
  expect(lostAt).toBeLessThan(takenAt);
  expect([lonely.held, successor.held]).toEqual([false, true]);
  testbed.cable.unjam();
  expect(await lonely.tryAcquire()).toBe(false);
  await successor.release();
});

it('survives a kill -9 of the server and cut connections', async () => {
  testbed = await startTestbed();
  const lease = leaseFor(await testbed.connect(), 'first', 8_000);
  await acquire(lease);
  let lost = false;
  void lease.lost.then(() => (lost = true));
  await testbed.crash();
  for (let round = 0; round < 4; round += 1) {
    const moment = systemClock.monotonic() + 1_000;
    await eventually(() => systemClock.monotonic() > moment);
    testbed.cable.cut();
  }
  expect([lease.held, lost]).toEqual([true, false]);
  await lease.release();
});
