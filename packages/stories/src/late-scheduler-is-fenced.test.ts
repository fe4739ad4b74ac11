import { eventually, freePort } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { startCuttableLink } from './cuttable-link.ts';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';
import type { System } from './system.ts';

const load = (system: System, prefix: string) =>
  new Load({ mails: storyMails(800, () => ({}), prefix), sessions: 10, client: () => smtpClient(system.ports['relay.listen']) });

it('a scheduler that is stopped past its lease finds its successor in office, and neither records nor sends nor removes anything', () =>
  play({ programs: ['relay', 'scheduler'] }, async (system) => {
    const successorPort = await freePort();
    // Where senders dial: whoever owns the partition stands behind it.
    const dispatch = await startCuttableLink(await freePort(), system.ports['scheduler.listen']);
    const sender = system.add('sender', 'sender', { 'sender.scheduler': `127.0.0.1:${dispatch.port}` });
    const addresses = { 'scheduler.listen': `127.0.0.1:${successorPort}`, 'scheduler.admin': `127.0.0.1:${await freePort()}` };
    const successor = system.add('scheduler', 'successor', addresses);
    await sender.start();
    successor.launch();

    const first = load(system, 'first');
    await system.receipts.reaches(200);
    system.scheduler.pause();
    dispatch.retarget(successorPort);
    await successor.whenReady();
    await system.receipts.reaches(600);
    system.scheduler.resume();

    const second = load(system, 'second');
    await eventually(async () => expect((await system.scheduler.metrics()).sum('posthaste_scheduler_owner')).toBe(0));
    const { duplicates } = await settle(system, [first, second], { owner: 'successor' });
    expect(duplicates).toBe(0);

    // It stands by, and can take over again.
    await successor.kill();
    dispatch.retarget(system.ports['scheduler.listen']);
    await system.scheduler.whenReady();
    const third = load(system, 'third');
    expect(await settle(system, [first, second, third])).toMatchObject({ duplicates: 0 });
    await dispatch.close();
  }));
