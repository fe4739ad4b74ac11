import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

/** Some 130 mails a second. */
const slow = { connections: 2, script: { rules: [{ at: 'final', delayMs: 15 }] } } as const;

const inLane = (lane: string, count: number) =>
  storyMails(count, () => ({ control: { 'X-Posthaste-Lane': lane }, body: Buffer.from('short\r\n') }), lane);

it('urgent mail goes before a backlog of bulk, which is not starved either', () =>
  play({ upstreams: { main: slow } }, async (system) => {
    const client = () => smtpClient(system.ports['relay.listen']);
    const bulk = new Load({ mails: inLane('low', 1_500), sessions: 20, client });
    await bulk.done;
    const urgent = new Load({ mails: inLane('immediate', 100), sessions: 5, client });
    await urgent.done;
    const before = system.receipts.all.length;
    expect(before, 'a backlog was there to be overtaken').toBeLessThan(1_000);
    expect(await settle(system, [bulk, urgent])).toMatchObject({ duplicates: 0 });
    const last = Math.max(...system.receipts.all.filter(({ story }) => story.startsWith('immediate')).map(({ order }) => order));
    // Beside the urgent ones: what was with the sender already, and one in twenty for the bulk.
    expect(last - before).toBeLessThan(100 + 4 + 10);
  }));
