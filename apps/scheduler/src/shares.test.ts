import { randomUUIDv7 } from 'node:crypto';
import { idInPartition, type ShareTable } from '@posthaste/core';
import { LookupService } from '@posthaste/protocol/dispatch';
import { ensureStreams, readShares } from '@posthaste/stream';
import { eventually } from '@posthaste/testkit';
import { beforeEach, expect, it } from 'vitest';
import { schedulerRig } from './rig.ts';

const rig = schedulerRig();
const storageBytes = 256 * 1024 * 1024;

beforeEach(() => ensureStreams(rig.connection, { partitions: 2, storageBytes }));

const limited = { upstreamRules: new Map([['main', { limits: { perHour: 10 }, adaptive: false }]]) };
const submit = async (count: number, partition: number) => {
  const ids: string[] = [];
  for (let left = count; left > 0; left -= 1) ids.push(await rig.submit({ id: idInPartition(randomUUIDv7(), partition) }));
  return ids;
};
const table = async () => (await readShares(rig.connection))?.content as ShareTable | undefined;
const perHour = async () => (await table())?.rows['upstream:main']?.shares.perHour;

it('divides a limit evenly at first, and gives it to the partition that has the mail, which says so', async () => {
  const { port } = await rig.owner({ partitions: 2, policy: limited });
  await eventually(async () => expect(await perHour()).toEqual([5, 5]));
  const sender = rig.connectSender(port, 'one', 1);
  sender.say({ case: 'credit', value: { upstream: 'main', window: 20 } });
  const ids = await submit(12, 1);
  await eventually(() => expect(sender.attempts).toHaveLength(9), { timeoutMs: 10_000 });
  expect(await perHour()).toEqual([1, 9]);
  const waiting = ids.find((id) => !sender.attempts.some(({ messageId }) => messageId === id)) ?? '';
  expect(await rig.ask(port, LookupService.method.lookupExplanation, { id: waiting })).toMatchObject({
    recipients: [{ gates: [{ detail: { case: 'limit', value: { scope: 'upstream:main', limit: 9n, configuredLimit: 10n, usedCount: 9n } } }, {}] }],
  });
});

it('goes by what its predecessor had, and by what that used of it', async () => {
  const first = await rig.owner({ partitions: 2, policy: limited });
  const sender = rig.connectSender(first.port, 'one', 1);
  sender.say({ case: 'credit', value: { upstream: 'main', window: 20 } });
  await submit(12, 1);
  await eventually(() => expect(sender.attempts).toHaveLength(9), { timeoutMs: 10_000 });
  await first.close();
  const before = (await table())?.epochs ?? [];
  const second = await rig.owner({ partitions: 2, policy: limited });
  const again = rig.connectSender(second.port, 'two', 1);
  again.say({ case: 'credit', value: { upstream: 'main', window: 20 } });
  await submit(3, 0);
  const other = rig.connectSender(second.port, 'three', 0);
  await eventually(() => expect(other.attempts).toHaveLength(1), { timeoutMs: 10_000 });
  expect((await table())?.epochs.every((epoch, partition) => epoch > (before[partition] ?? 0))).toBe(true);
  expect([again.attempts.length, await perHour()]).toEqual([0, [1, 9]]);
});

it('writes nothing for an only partition, nor without limits', async () => {
  await rig.owner({ partitions: 2 });
  expect(await table()).toBeUndefined();
});

it('waits, when it knows of more partitions than another scheduler, until that one is stopped', async () => {
  const few = await rig.owner({ policy: limited });
  const many = await rig.start({ partitions: 2, policy: limited });
  const fewAgain = await rig.start({ policy: limited });
  await few.close();
  await eventually(() => expect(fewAgain.scheduler.owned).toEqual([0]), { timeoutMs: 10_000 });
  expect(many.scheduler.owned).toEqual([]);
  await fewAgain.close();
  await eventually(() => expect(many.scheduler.owned).toEqual([0, 1]), { timeoutMs: 10_000 });
  await eventually(async () => expect(await perHour()).toEqual([5, 5]));
});
