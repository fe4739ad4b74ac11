import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { freePort } from '@posthaste/testkit';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

const script = { rules: [{ at: 'final', delayMs: 50 }] } as const;

it('a sender that is stopped past its lease sends nothing of what another has taken over', () =>
  play({ upstreams: { main: { script, connections: 5 } }, settings: { 'scheduler.senderLease': '8s' } }, async (system) => {
    const load = new Load({ mails: storyMails(1_500), sessions: 10, client: () => smtpClient(system.ports['relay.listen']) });
    await system.receipts.reaches(100);
    system.sender.pause();
    const other = system.add('sender', 'other', { 'sender.admin': `127.0.0.1:${await freePort()}` });
    await other.start();
    // At 5 connections and 50 ms each this takes the other sender longer than the lease of the first.
    await system.receipts.reaches(1_300);
    system.sender.resume();
    const { duplicates, history } = await settle(system, [load]);
    expect(duplicates, 'copies that the journal has in doubt').toBeLessThanOrEqual(history.count('doubted'));
    // A connection may have one transaction whose outcome was still to be reported, and have begun the next.
    expect(history.count('doubted'), 'at most two a connection').toBeLessThanOrEqual(2 * 5);
    expect(history.of('returned').filter(({ reason }) => reason === 'SENDER_GONE').length, 'what it held and had not begun').toBeGreaterThan(0);
  }));
