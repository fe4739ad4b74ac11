import { afterEach, expect, it } from 'vitest';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import { createLease } from './lease.ts';
import { announcePresence, readRoster, withdrawPresence } from './roster.ts';
import { startTestbed, type Testbed } from './testbed/index.ts';

let testbed: Testbed;
afterEach(() => testbed.close());

const leaseOf = (partition: number, owner: string) =>
  createLease(testbed.direct, { partition, partitions: 13, owner, address: () => `${owner}:7420`, ttlMs: 2_000, clock: systemClock, log: silentLog });

it('tells who owns which partition, and which schedulers are there', async () => {
  testbed = await startTestbed();
  expect(await readRoster(testbed.direct)).toEqual({
    owners: new Map(),
    ownersCounts: new Set(),
    schedulers: new Map(),
  });
  const leases = [leaseOf(0, 'first'), leaseOf(12, 'second')];
  for (const lease of leases) expect(await lease.tryAcquire()).toBe(true);
  for (const name of ['first', 'host.example.org-7']) await announcePresence(testbed.direct, name, 14, 60_000);
  expect(await readRoster(testbed.direct)).toEqual({
    owners: new Map([
      [0, { owner: 'first', address: 'first:7420' }],
      [12, { owner: 'second', address: 'second:7420' }],
    ]),
    ownersCounts: new Set([13]),
    schedulers: new Map([
      ['first', 14],
      ['host.example.org-7', 14],
    ]),
  });
  for (const lease of leases) await lease.release();
  await withdrawPresence(testbed.direct, 'first');
  await withdrawPresence(testbed.direct, 'first');
  expect(await readRoster(testbed.direct)).toEqual({
    owners: new Map(),
    ownersCounts: new Set(),
    schedulers: new Map([['host.example.org-7', 14]]),
  });
});

it('forgets a scheduler that says nothing more', async () => {
  testbed = await startTestbed();
  await announcePresence(testbed.direct, 'mute', 1, 1_000);
  expect([...(await readRoster(testbed.direct)).schedulers.keys()]).toContain('mute');
  await eventually(async () => (await readRoster(testbed.direct)).schedulers.size === 0);
});
