import { eventually, freePort } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

it('a standby delivers what comes within ten seconds of the death of the scheduler, and the dead one stands by when it comes back', () =>
  play({ settings: { 'scheduler.leaseTtl': '5s' } }, async (system) => {
    const address = async () => `127.0.0.1:${await freePort()}`;
    const standby = system.add('scheduler', 'standby', { 'scheduler.listen': await address(), 'scheduler.admin': await address() });
    await standby.start();
    const send = (prefix: string) =>
      new Load({ mails: storyMails(200, () => ({}), prefix), sessions: 4, client: () => smtpClient(system.ports['relay.listen']) });

    const first = send('first');
    await settle(system, [first]);
    await system.scheduler.kill();
    const second = send('second');
    await eventually(() => expect(system.receipts.distinct).toBe(400), { timeoutMs: 10_000, describe: 'the standby delivers' });
    expect(await settle(system, [first, second], { owner: 'standby' })).toMatchObject({ duplicates: 0 });

    await system.scheduler.start();
    expect((await system.scheduler.metrics()).sum('posthaste_scheduler_owner')).toBe(0);
    await standby.terminate();
    const third = send('third');
    expect(await settle(system, [first, second, third])).toMatchObject({ duplicates: 0 });
  }));
