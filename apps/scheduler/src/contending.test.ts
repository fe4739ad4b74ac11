import { createLease, ensureStreams, readRoster } from '@posthaste/stream';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import { beforeEach, expect, it } from 'vitest';
import { keepWarnings, schedulerRig } from './rig.ts';

const rig = schedulerRig();

beforeEach(() => ensureStreams(rig.connection, { partitions: 3, storageBytes: 256 * 1024 * 1024 }));

/** What another scheduler took in the moment in which nobody seemed to own anything. */
async function leaseOf(partition: number, partitions: number) {
  const own = { owner: 'another', address: () => '127.0.0.1:1', ttlMs: 2_000, clock: systemClock, log: silentLog };
  const lease = createLease(rig.connection, { ...own, partition, partitions });
  expect(await lease.tryAcquire()).toBe(true);
  return lease;
}

const disagreement = 'other schedulers go by another number of partitions';

it('gives up what it has, and says why, when an owner knows of fewer partitions, and takes it again when that one is stopped', async () => {
  const { log, warnings } = keepWarnings();
  const many = await rig.start({ partitions: 2, ownable: [1], log });
  await eventually(() => expect(many.scheduler.owned).toEqual([1]));
  expect(warnings).toEqual([]);
  const few = await leaseOf(0, 1);
  await eventually(() => expect(many.scheduler.owned).toEqual([]), { timeoutMs: 10_000 });
  expect(warnings.filter((sentence) => sentence.startsWith(disagreement))).toHaveLength(1);
  await few.release();
  await eventually(() => expect(many.scheduler.owned).toEqual([1]), { timeoutMs: 10_000 });
});

it('keeps what it has, and says so, when an owner knows of more partitions', async () => {
  const { log, warnings } = keepWarnings();
  const few = await rig.start({ log });
  await eventually(() => expect(few.scheduler.owned).toEqual([0]));
  const many = await leaseOf(1, 2);
  await eventually(() => expect(warnings.filter((sentence) => sentence.startsWith(disagreement))).toHaveLength(1), { timeoutMs: 10_000 });
  expect(few.scheduler.owned).toEqual([0]);
  await many.release();
});

it('gives nothing up to a scheduler that goes by another number, for that one would not take it', async () => {
  const { log, warnings } = keepWarnings();
  const few = await rig.start({ partitions: 2, log });
  await eventually(() => expect(few.scheduler.owned).toEqual([0, 1]));
  await rig.start({ partitions: 3 });
  await eventually(() => expect(warnings.filter((sentence) => sentence.startsWith(disagreement))).toHaveLength(1), { timeoutMs: 10_000 });
  await rig.start({ partitions: 3 });
  await eventually(async () => expect((await readRoster(rig.connection)).schedulers.size).toBe(3));
  expect(few.scheduler.owned).toEqual([0, 1]);
});
