import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

const script = { rules: [{ at: 'final', delayMs: 20 }] } as const;
const settings = { 'scheduler.senderLease': '8s', 'scheduler.checkpointEvery': '1s', 'scheduler.checkpointEvents': '500' };

it('loses nothing when scheduler and sender are killed together; what comes twice was in doubt', () =>
  play({ upstreams: { main: { script } }, settings }, async (system) => {
    const load = new Load({ mails: storyMails(1_500), sessions: 10, client: () => smtpClient(system.ports['relay.listen']) });
    for (const delivered of [200, 500, 800]) {
      await system.receipts.reaches(delivered);
      await Promise.all([system.scheduler.kill(), system.sender.kill()]);
      await Promise.all([system.scheduler.start(), system.sender.start()]);
    }
    const { duplicates, history } = await settle(system, [load]);
    expect(duplicates, 'copies that the journal has in doubt').toBeLessThanOrEqual(history.count('doubted'));
    // Whether a lost sender had begun dies with the scheduler, so all that it held counts: its connections and as many again.
    expect(history.count('doubted'), 'at each kill at most what the sender held').toBeLessThanOrEqual(3 * 20);
    expect(load.refusals, 'no client noticed').toEqual(new Map());
  }));
