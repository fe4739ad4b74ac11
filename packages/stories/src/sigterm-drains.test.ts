import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

/** So that every program has work in its hands whenever it is asked to end. */
const script = { rules: [{ at: 'final', delayMs: 30 }] } as const;

it('each program that is asked to end finishes what it has begun, and nobody is left in doubt', () =>
  play({ upstreams: { main: { script } } }, async (system) => {
    const load = new Load({ mails: storyMails(1_500), sessions: 10, client: () => smtpClient(system.ports['relay.listen']) });
    for (const [delivered, program] of [
      [100, system.relay],
      [300, system.sender],
      [500, system.scheduler],
      [700, system.sender],
      [900, system.relay],
    ] as const) {
      await system.receipts.reaches(delivered);
      expect(await program.terminate(), `${program.name} ends in order`).toEqual({ code: 0, signal: null });
      await program.start();
    }
    const { duplicates, unclaimed, history } = await settle(system, [load]);
    expect({ duplicates, unclaimed, doubted: history.count('doubted') }).toEqual({ duplicates: 0, unclaimed: 0, doubted: 0 });
    expect(load.ambiguous, 'every mail that was handed in had its answer').toEqual(new Map());
  }));
