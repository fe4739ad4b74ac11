import { mailStream, waitStream } from '@posthaste/stream';
import { eventually } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';
import { measure } from './streams.ts';
import type { System } from './system.ts';

const minute = 60_000;
const far = 30 * minute;

async function restartAll(system: System, clockAheadMs = 0): Promise<void> {
  const programs = [system.relay, system.sender, system.scheduler];
  await Promise.all(programs.map((program) => program.kill()));
  await system.killNats();
  await system.startNats();
  for (const program of programs) program.launch({ clockAheadMs });
  await Promise.all(programs.map((program) => program.whenReady()));
}

it('keeps mail for much later out of the logs, through a restart of everything, and delivers it when its time has come', () =>
  play({}, async (system) => {
    const sendAt = new Date(Date.now() + far).toISOString();
    const client = () => smtpClient(system.ports['relay.listen']);
    const later = new Load({ mails: storyMails(50, () => ({ control: { 'X-Posthaste-Send-At': sendAt } }), 'later'), sessions: 5, client });
    const now = new Load({ mails: storyMails(50, () => ({}), 'now'), sessions: 5, client });
    await Promise.all([later.done, now.done]);
    await system.receipts.reaches(50);
    await eventually(async () => expect((await measure(system.natsUrl, mailStream(0, 'normal'))).messages, 'left in the log').toBe(0));
    expect((await measure(system.natsUrl, waitStream(0))).messages).toBe(50);

    await restartAll(system);
    await eventually(async () => expect((await system.scheduler.metrics()).sum('posthaste_depth', { state: 'queued' })).toBe(50));
    expect(
      system.receipts.all.filter(({ story }) => story.startsWith('later')),
      'sent before their time',
    ).toEqual([]);

    await restartAll(system, far);
    expect(await settle(system, [later, now])).toMatchObject({ duplicates: 0 });
    await eventually(async () => expect((await measure(system.natsUrl, waitStream(0))).messages, 'left in WAIT').toBe(0));
  }));
