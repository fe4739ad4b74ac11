import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

it('goes on while each of three NATS nodes is killed in turn, loses nothing and sends nothing twice', () =>
  play({ nats: 'three' }, async (system) => {
    const load = new Load({
      mails: storyMails(1_500),
      sessions: 10,
      client: () => smtpClient(system.ports['relay.listen']),
      patienceMs: 60_000,
    });
    let accepted = 0;
    for (const node of system.cluster.names) {
      await load.reaches((accepted += 200));
      await system.cluster.kill(node);
      // With one node away the doors go on taking mail.
      await load.reaches((accepted += 200));
      await system.cluster.restart(node);
    }
    const { duplicates } = await settle(system, [load]);
    expect(duplicates).toBe(0);
  }));
