import { eventually } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { ArrivalTimes } from './arrival-times.ts';
import { Load } from './load.ts';
import { play } from './play.ts';
import type { Program } from './program.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { steadyPort } from './steady-port.ts';
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
    const address = async () => `127.0.0.1:${await steadyPort()}`;
    const other = system.add('scheduler', 'other', { 'scheduler.listen': await address(), 'scheduler.admin': await address() });
    const senders = [];
    for (const label of ['second', 'third']) senders.push(system.add('sender', label, { 'sender.admin': await address() }));
    await Promise.all([other, ...senders].map((program) => program.start()));
    await eventually(async () => expect([await owned(system.scheduler), await owned(other)]).toEqual([1, 1]), { timeoutMs: 20_000 });
    await story({ system, other, arrivals });
  });
}

/** Envelopes that differ, so that both partitions get some of it. */
const submit = ({ ports }: System, count: number) =>
  new Load({
    mails: storyMails(count, (number) => ({ to: [`b${number}@example.net`] })),
    sessions: 4,
    client: () => smtpClient(ports['relay.listen']),
  });

it('keeps to 100 messages in any second, and uses them, while two schedulers and three senders work at it', () =>
  playOverTwo(async ({ system, other, arrivals }) => {
    const load = submit(system, 840);
    await system.receipts.reaches(840);
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
