import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

/** Some are still being delivered when the next scheduler comes: it must leave them with the sender. */
const script = { rules: [{ at: 'final', recipient: '*@slow.example', delayMs: 5_000 }] } as const;
const settings = { 'scheduler.checkpointEvery': '1s', 'scheduler.checkpointEvents': '500' };

it('loses nothing and sends nothing twice when the scheduler is killed again and again while mail goes through', () =>
  play({ upstreams: { main: { script } }, settings }, async (system) => {
    const mails = storyMails(3_000, (number) => ({ to: [number % 200 === 150 ? 'b@slow.example' : 'b@example.net'] }));
    const load = new Load({ mails, sessions: 10, client: () => smtpClient(system.ports['relay.listen']) });
    for (const delivered of [200, 800, 1_400, 2_000]) {
      await system.receipts.reaches(delivered);
      await system.scheduler.restart();
    }
    const { duplicates } = await settle(system, [load]);
    expect(duplicates).toBe(0);
    expect(load.refusals, 'no client noticed').toEqual(new Map());
  }));
