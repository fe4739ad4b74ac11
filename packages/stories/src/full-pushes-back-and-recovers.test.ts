import { eventually } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { restClient } from './api-client.ts';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMail, storyMails, textBody } from './story-mail.ts';

/** The log of the normal lane may then take 6.4 MiB, less than is handed in. */
const settings = { 'limits.storage': '32MiB' };

const bulk = (count: number, prefix: string) => storyMails(count, (number) => ({ body: textBody(`${prefix}${number}`, 16 * 1024) }), prefix);

it('turns new mail away when a log is full, still takes urgent mail, and takes all again when there is room', () =>
  play({ programs: ['relay', 'api', 'scheduler', 'sender'], settings }, async (system) => {
    await system.upstream.goDown();
    const { 'relay.listen': smtp, 'api.listen': api } = system.ports;
    const bySmtp = new Load({ mails: bulk(400, 'smtp'), sessions: 10, client: () => smtpClient(smtp) });
    const byRest = new Load({ mails: bulk(200, 'rest'), sessions: 5, client: () => restClient(api) });
    await eventually(() => bySmtp.refusals.size > 0 && byRest.refusals.size > 0, { timeoutMs: 30_000, describe: 'both doors push back' });
    const urgent = new Load({
      mails: [storyMail({ story: 'urgent', control: { 'X-Posthaste-Lane': 'immediate' } })],
      sessions: 1,
      client: () => smtpClient(smtp),
    });
    await urgent.done;
    expect(urgent.refusals, 'a full lane does not turn urgent mail away').toEqual(new Map());

    await system.upstream.comeBack();
    expect(await settle(system, [bySmtp, byRest, urgent])).toMatchObject({ duplicates: 0, unclaimed: 0 });
    for (const reply of bySmtp.refusals.keys()) expect(reply).toMatch(/^452 4\.3\.1 /);
    for (const reply of byRest.refusals.keys()) expect(reply).toMatch(/^429 .*STORAGE_FULL/);
  }));
