import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

it('sees, keeps and delivers every mail once although all connections to NATS are cut again and again', () =>
  play({}, async (system) => {
    const load = new Load({ mails: storyMails(3_000), sessions: 10, client: () => smtpClient(system.ports['relay.listen']) });
    for (let cuts = 1; cuts <= 10; cuts += 1) {
      await load.reaches(cuts * 250);
      expect(system.link.cut(), 'connections that were cut').toBeGreaterThan(0);
    }
    const { duplicates } = await settle(system, [load]);
    expect(duplicates).toBe(0);
    expect(load.refusals, 'no client noticed').toEqual(new Map());
  }));
