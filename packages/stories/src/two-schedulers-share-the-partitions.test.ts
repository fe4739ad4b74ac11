import { partitionOf } from '@posthaste/core';
import { eventually, freePort } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import type { Program } from './program.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

const owned = async (program: Program) => (await program.metrics()).sum('posthaste_scheduler_owner');

it('two schedulers share four partitions; when one is killed the other decides for all within ten seconds, and nothing is lost', () =>
  play({ programs: ['relay', 'scheduler', 'sender', 'api'], settings: { partitions: '4', 'scheduler.leaseTtl': '5s' } }, async (system) => {
    const address = async () => `127.0.0.1:${await freePort()}`;
    const second = system.add('scheduler', 'second', { 'scheduler.listen': await address(), 'scheduler.admin': await address() });
    await second.start();
    await eventually(async () => expect([await owned(system.scheduler), await owned(second)]).toEqual([2, 2]));

    const mails = storyMails(3_000, (number) => ({ to: [`b${number}@example.net`] }));
    const load = new Load({ mails, sessions: 10, client: () => smtpClient(system.ports['relay.listen']) });
    await system.receipts.reaches(500);
    await system.scheduler.kill();
    await eventually(async () => expect(await owned(second)).toBe(4), { timeoutMs: 10_000, describe: 'the other one owns all partitions' });
    const { history } = await settle(system, [load], { owner: 'second' });

    const partitions = Map.groupBy(load.accepted.keys(), partitionOf);
    expect([0, 1, 2, 3].map((partition) => (partitions.get(partition)?.length ?? 0) > 500)).toEqual([true, true, true, true]);
    expect(load.refusals, 'no client noticed').toEqual(new Map());

    const stats = (await (await fetch(`http://127.0.0.1:${system.ports['api.listen']}/v1/stats`)).json()) as Stats;
    expect(stats.totals).toMatchObject({ acceptedCount: String(history.count('accepted')), deliveredCount: String(history.count('delivered')) });
    expect(new Set(stats.partitions.map(({ owner }) => owner)).size).toBe(1);
    expect(stats.partitions).toHaveLength(4);
  }));

interface Stats {
  readonly totals: Readonly<Record<string, string>>;
  readonly partitions: readonly { readonly partition?: number; readonly owner: string }[];
}
