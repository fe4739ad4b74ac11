import { eventually } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';
import type { System } from './system.ts';

const settings = { groups: 'out=main>spare', routes: '*=out', 'breaker.healthy': '2s', 'breaker.checkEvery': '1s', 'breaker.checkTimeout': '500ms' };

function send(system: System, count: number, prefix: string): Load {
  return new Load({ mails: storyMails(count, undefined, prefix), sessions: 3, client: () => smtpClient(system.ports['relay.listen']) });
}

const takenBy = ({ receipts }: System, load: Load): string[] => [
  ...new Set([...load.accepted.keys()].flatMap((id) => receipts.byId.get(id) ?? []).map(({ upstream }) => upstream)),
];

async function delivered(system: System, count: number, prefix: string): Promise<Load> {
  const load = send(system, count, prefix);
  await load.done;
  await eventually(() => [...load.accepted.keys()].every((id) => system.receipts.byId.has(id)), {
    timeoutMs: 30_000,
    describe: `${prefix} has come`,
  });
  return load;
}

it('sends by the second upstream while the first one is down, and by the first one again when it has been well for a while', () =>
  play({ upstreams: { main: {}, spare: {} }, settings }, async (system) => {
    const before = await delivered(system, 50, 'before');
    expect(takenBy(system, before)).toEqual(['main']);

    await system.upstream.goDown();
    const during = await delivered(system, 50, 'during');
    expect(takenBy(system, during)).toEqual(['spare']);

    await system.upstream.comeBack();
    const loads = [before, during];
    // Nobody sends it anything: looks find that it is well, and after 2 s of that mail goes there again.
    const after = await eventually(
      async () => {
        const load = await delivered(system, 3, `after-${loads.length}`);
        loads.push(load);
        return takenBy(system, load).join() === 'main' ? load : null;
      },
      { timeoutMs: 30_000, intervalMs: 500, describe: 'mail goes by the first upstream again' },
    );
    expect(takenBy(system, after)).toEqual(['main']);
    const { duplicates, history } = await settle(system, loads);
    expect(duplicates).toBe(0);
    expect(history.count('deferred'), 'failing over spends no attempt').toBe(0);
  }));

it('knows that the first upstream is down before any mail comes for it', () =>
  play({ upstreams: { main: {}, spare: {} }, settings }, async (system) => {
    await system.upstream.goDown();
    const looks = async () => (await system.sender.metrics()).sum('posthaste_upstream_checks_total', { upstream: 'main', result: 'unusable' }) ?? 0;
    await eventually(async () => (await looks()) >= 4, { timeoutMs: 30_000, describe: 'three looks have failed and the last one was told' });
    const load = await delivered(system, 20, 'quiet');
    expect(takenBy(system, load)).toEqual(['spare']);
    const { duplicates, history } = await settle(system, [load]);
    expect(duplicates).toBe(0);
    expect(history.count('returned'), 'no mail had to find out').toBe(0);
  }));
