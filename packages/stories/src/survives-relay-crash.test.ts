import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

it('loses nothing and sends nothing twice when the relay is killed again and again while mail comes in', () =>
  play({}, async (system) => {
    const load = new Load({ mails: storyMails(2_000), sessions: 10, client: () => smtpClient(system.ports['relay.listen']) });
    for (const accepted of [300, 700, 1_100, 1_500]) {
      await load.reaches(accepted);
      await system.relay.restart();
    }
    const { duplicates } = await settle(system, [load]);
    expect(duplicates).toBe(0);
    expect(load.refusals.get('connection lost'), 'the relay was killed while clients were talking to it').toBeGreaterThan(0);
  }));
