import { randomUUIDv7 } from 'node:crypto';
import { idInPartition, type ShareTable } from '@posthaste/core';
import { LookupService } from '@posthaste/protocol/dispatch';
import { ensureStreams, readShares, writeShares } from '@posthaste/stream';
import { silentLog, type Log } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import { beforeEach, expect, it, vi } from 'vitest';
import { keepWarnings, schedulerRig } from './rig.ts';

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

it('claims all shares anew, and says why, when SHARES has lost what was written', async () => {
  const { log, warnings } = keepWarnings();
  const { port } = await rig.owner({ partitions: 2, policy: limited, log });
  const sender = rig.connectSender(port, 'one', 1);
  sender.say({ case: 'credit', value: { upstream: 'main', window: 20 } });
  await submit(12, 1);
  await eventually(() => expect(sender.attempts).toHaveLength(9), { timeoutMs: 10_000 });
  const before = (await table())?.epochs ?? [];
  expect(warnings).toEqual([]);
  await rig.connection.ask('$JS.API.STREAM.DELETE.KV_SHARES', new Uint8Array());
  await ensureStreams(rig.connection, { partitions: 2, storageBytes });
  await eventually(
    async () => {
      const epochs = (await table())?.epochs ?? [];
      expect(epochs.map((epoch, partition) => epoch > (before[partition] ?? 0))).toEqual([true, true]);
    },
    { timeoutMs: 10_000 },
  );
  expect(warnings.filter((sentence) => sentence.startsWith('SHARES has gone back'))).toHaveLength(2);
  await eventually(async () => expect((await perHour())?.reduce((sum, share) => sum + share)).toBe(10), { timeoutMs: 10_000 });
});

it('says that shares are not moved, once, when SHARES holds what nobody can read', async () => {
  const { log, warnings } = keepWarnings();
  const { port } = await rig.owner({ partitions: 2, policy: limited, log });
  rig.connectSender(port, 'one', 1).say({ case: 'credit', value: { upstream: 'main', window: 20 } });
  await eventually(async () => expect(await perHour()).toEqual([5, 5]));
  const { content, revision } = (await readShares(rig.connection)) ?? { content: null, revision: 0 };
  await rig.connection.ask('$KV.SHARES.limits', Buffer.from('{"rows":'));
  const ofShares = () => warnings.filter((sentence) => sentence.startsWith('shares of limits are not moved'));
  await eventually(() => expect(ofShares()).toHaveLength(2), { timeoutMs: 10_000 });
  const asked = vi.spyOn(rig.connection, 'ask');
  const looks = () => asked.mock.calls.filter(([subject]) => subject === '$JS.API.DIRECT.GET.KV_SHARES').length;
  await eventually(() => looks() >= 4, { timeoutMs: 10_000 });
  expect(ofShares()).toHaveLength(2);
  await writeShares(rig.connection, content, revision + 1);
  await submit(12, 1);
  await eventually(async () => expect(await perHour()).toEqual([1, 9]), { timeoutMs: 10_000 });
});

it('says what it has found when SHARES names a later epoch than JOURNAL: trying again raises its own', async () => {
  const first = await rig.owner({ partitions: 2, policy: limited });
  await eventually(async () => expect(await perHour()).toEqual([5, 5]));
  await first.close();
  const stored = await readShares(rig.connection);
  const later = stored?.content as ShareTable;
  const epoch = (later.epochs[0] ?? 0) + 3;
  await writeShares(rig.connection, { ...later, epochs: [epoch, later.epochs[1]] }, stored?.revision ?? 0);
  const errors: string[] = [];
  const log: Log = { ...silentLog, error: (_, { error } = {}) => void errors.push((error as Error).message), child: () => log };
  const second = await rig.start({ partitions: 2, policy: limited, log });
  await eventually(() => expect(second.scheduler.owned).toEqual([0, 1]), { timeoutMs: 10_000 });
  expect(errors[0]).toBe(
    `SHARES says that epoch ${epoch} has claimed partition 0, and this owner is epoch ${epoch - 2} by JOURNAL: either a later owner is there, or JOURNAL has lost its end (a power cut, a restored stream); each further try raises the epoch by one`,
  );
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
