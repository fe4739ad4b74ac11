import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

const reply = '451 4.7.1 Greylisted, come again';

it('tries again, later, what an upstream answers with 451', () =>
  play({ upstreams: { main: { script: { rules: [{ at: 'final', times: 150, reply }] } } } }, async (system) => {
    const load = new Load({ mails: storyMails(100), sessions: 5, client: () => smtpClient(system.ports['relay.listen']) });
    const { duplicates, history } = await settle(system, [load]);
    expect(duplicates).toBe(0);
    const deferred = history.of('deferred');
    expect(deferred).toHaveLength(150);
    for (const event of deferred) {
      expect(event).toMatchObject({ reason: 'UPSTREAM_GREYLISTED', reply: { code: 451, enhanced: '4.7.1', text: 'Greylisted, come again' } });
      const next = history.of('started').find(({ id, at }) => id === event.id && at > event.at);
      expect(next?.at, 'the next attempt waits until it is due').toBeGreaterThanOrEqual(event.due);
    }
  }));
