import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

/** Long enough that a kill always meets mail whose final reply is still to come. */
const script = { rules: [{ at: 'final', delayMs: 20 }] } as const;

it('loses nothing when the sender is killed again and again; what comes twice was in doubt', () =>
  play({ upstreams: { main: { script } }, settings: { 'scheduler.senderLease': '8s' } }, async (system) => {
    const load = new Load({ mails: storyMails(1_500), sessions: 10, client: () => smtpClient(system.ports['relay.listen']) });
    for (const delivered of [200, 500, 800]) {
      await system.receipts.reaches(delivered);
      await system.sender.restart();
    }
    const { duplicates, history } = await settle(system, [load]);
    const doubted = history.count('doubted');
    expect(doubted, 'the sender was killed while it was delivering').toBeGreaterThan(0);
    expect(duplicates, 'copies that the journal has in doubt').toBeLessThanOrEqual(doubted);
    // A connection may have one transaction whose outcome was still to be reported, and have begun the next.
    expect(doubted, 'at each kill at most two a connection').toBeLessThanOrEqual(3 * 2 * 10);
    expect(load.refusals, 'no client noticed').toEqual(new Map());
  }));
