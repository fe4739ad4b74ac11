import { eventually } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';
import type { System } from './system.ts';

const hour = 3_600_000;
const clockAheadMs = 3 * hour;
/** Every recipient is put off once. */
const script = { rules: [{ at: 'rcpt', recipient: '*@later.example', times: 40, reply: '451 4.2.1 Mailbox busy' }] } as const;

const startLoad = (system: System, name: string, control: Readonly<Record<string, string>>, domain = 'fine.example') =>
  new Load({
    mails: storyMails(20, () => ({ to: [`b@${domain}`], control }), name),
    sessions: 5,
    client: () => smtpClient(system.ports['relay.listen']),
  });

const arrived = (system: System, name: string) => system.receipts.all.filter(({ story }) => story.startsWith(name)).length;
const queued = async (system: System) => (await system.scheduler.metrics()).sum('posthaste_depth', { state: 'queued' });

it('keeps every promise while wall clocks are wrong, set ahead by hours and set back', () =>
  play({ upstreams: { main: { script } } }, async (system) => {
    await system.scheduler.restart({ clockAheadMs, clockAheadFrom: 'signal' });
    // The sender's is wrong all the time: what is useful for ten minutes must not look too late there.
    await system.sender.restart({ clockAheadMs });
    const ttl = startLoad(system, 'ttl', { 'X-Posthaste-TTL': '10m' });
    await ttl.done;
    await system.receipts.reaches(20);

    const sendAt = new Date(Date.now() + 2 * hour).toISOString();
    const appointments = startLoad(system, 'appointment', { 'X-Posthaste-Send-At': sendAt });
    await appointments.done;
    await eventually(async () => expect(await queued(system)).toBe(20));
    expect(arrived(system, 'appointment')).toBe(0);
    system.scheduler.setClock();
    await eventually(() => expect(arrived(system, 'appointment')).toBe(20));

    const ahead = startLoad(system, 'ahead', { 'X-Posthaste-TTL': '4h' }, 'later.example');
    await ahead.done;
    system.scheduler.setClock();
    const back = startLoad(system, 'back', { 'X-Posthaste-TTL': '10m' }, 'later.example');
    await back.done;
    await eventually(() => expect([arrived(system, 'ahead'), arrived(system, 'back')]).toEqual([20, 20]));
    await system.scheduler.restart();
    const { duplicates, history } = await settle(system, [ttl, appointments, ahead, back]);
    expect(duplicates).toBe(0);
    expect(history.count('expired')).toBe(0);
    expect(history.count('deferred'), 'each was put off').toBe(40);
  }));
