import { eventually, freePort } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { ArrivalTimes } from './arrival-times.ts';
import { Load } from './load.ts';
import { play } from './play.ts';
import type { Program } from './program.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';
import type { System } from './system.ts';

const perSecond = 100;
const second = 1_000;

const owned = async (program: Program) => (await program.metrics()).sum('posthaste_scheduler_owner');

interface Stage {
  readonly system: System;
  readonly other: Program;
  readonly arrivals: ArrivalTimes;
}

/** Two partitions, each with a scheduler of its own, and three senders. */
async function playOverTwo(story: (stage: Stage) => Promise<void>): Promise<void> {
  using arrivals = new ArrivalTimes();
  const upstreams = { main: { perSecond, onMailFrom: () => arrivals.note() } };
  await play({ upstreams, settings: { partitions: '2', 'scheduler.leaseTtl': '2s' } }, async (system) => {
    const address = async () => `127.0.0.1:${await freePort()}`;
    const other = system.add('scheduler', 'other', { 'scheduler.listen': await address(), 'scheduler.admin': await address() });
    const senders = [];
    for (const label of ['second', 'third']) senders.push(system.add('sender', label, { 'sender.admin': await address() }));
    await Promise.all([other, ...senders].map((program) => program.start()));
    await eventually(async () => expect([await owned(system.scheduler), await owned(other)]).toEqual([1, 1]), { timeoutMs: 20_000 });
    await story({ system, other, arrivals });
  });
}

const submitTo = ({ ports }: System, count: number, addressOf: (number: number) => string) =>
  new Load({
    mails: storyMails(count, (number) => ({ to: [addressOf(number)] })),
    sessions: 4,
    client: () => smtpClient(ports['relay.listen']),
  });

/** Envelopes that differ, so that both partitions get some of it. */
const submit = (system: System, count: number) => submitTo(system, count, (number) => `b${number}@example.net`);

/** What comes from one client to one recipient lies in one partition, where repetitions are known. */
const submitToOnePartition = (system: System, count: number) => submitTo(system, count, () => 'b@example.net');

const shareOf = async (program: Program) => (await program.metrics()).sum('posthaste_upstream_limit') ?? 0;

it('keeps to 100 messages in any second, and uses them, while two schedulers and three senders work at it', () =>
  playOverTwo(async ({ system, other, arrivals }) => {
    const load = submit(system, 1_100);
    await system.receipts.reaches(1_100);
    expect(arrivals.shortestFor(4 * perSecond), 'for as many as are allowed in four seconds').toBeLessThanOrEqual((4 * second) / 0.95);
    expect(arrivals.mostWithin(second)).toBeLessThanOrEqual(perSecond);
    await other.terminate();
    expect(await settle(system, [load])).toMatchObject({ duplicates: 0 });
  }));

it('keeps to it while one of the two schedulers is killed, and the other one then uses the whole of it', () =>
  playOverTwo(async ({ system, other, arrivals }) => {
    const load = submit(system, 1_100);
    await system.receipts.reaches(150);
    await system.scheduler.kill();
    await eventually(async () => expect(await owned(other)).toBe(2), { timeoutMs: 10_000, describe: 'the other one owns both partitions' });
    const from = performance.now();
    await settle(system, [load], { owner: 'other' });
    expect(arrivals.shortestFor(2 * perSecond, from), 'for as many as are allowed in two seconds').toBeLessThanOrEqual((2 * second) / 0.95);
    expect(arrivals.mostWithin(second)).toBeLessThanOrEqual(perSecond);
  }));

it('gives nearly all of it to the partition that has all the mail, also when its scheduler is killed', () =>
  playOverTwo(async ({ system, other, arrivals }) => {
    const load = submitToOnePartition(system, 900);
    const shares = () => Promise.all([shareOf(system.scheduler), shareOf(other)]);
    const [first] = await eventually(
      async () => {
        const found = await shares();
        expect(found.toSorted((one, more) => one - more)).toEqual([1, perSecond - 1]);
        return found;
      },
      { timeoutMs: 10_000, describe: 'one of them has all but one of the limit' },
    );
    const [busy, heir] = first === 1 ? [other, system.scheduler] : [system.scheduler, other];
    const before = performance.now();
    await system.receipts.reaches(system.receipts.all.length + 4 * perSecond);
    expect(arrivals.shortestFor(2 * perSecond, before), 'for as many as are allowed in two seconds').toBeLessThanOrEqual((2 * second) / 0.95);
    await busy.kill();
    await eventually(async () => expect(await owned(heir)).toBe(2), { timeoutMs: 10_000, describe: 'the other one owns both partitions' });
    const from = performance.now();
    await settle(system, [load], { owner: heir === other ? 'other' : 'scheduler' });
    expect(arrivals.shortestFor(perSecond, from), 'for as many as are allowed in a second').toBeLessThanOrEqual(second / 0.95);
    expect(arrivals.mostWithin(second)).toBeLessThanOrEqual(perSecond);
  }));
