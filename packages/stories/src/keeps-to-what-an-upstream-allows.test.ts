import { eventually, freePort, type FakeUpstream } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { commandLine } from './command-line.ts';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';
import type { System } from './system.ts';

const maxConnections = 4;
const second = 1_000;

/** An upstream that takes so many messages in any second, and has a reply for the next one that its administrators wrote. */
class Touchy {
  upstream: FakeUpstream | undefined;
  complaints = 0;
  readonly #perSecond: number;
  #lately: number[] = [];

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  readonly onMailFrom = (): void => {
    const now = performance.now();
    this.#lately = this.#lately.filter((at) => at > now - second);
    const isTooMuch = this.#lately.length >= this.#perSecond;
    if (isTooMuch) this.complaints += 1;
    else this.#lately.push(now);
    this.upstream?.setScript(isTooMuch ? { rules: [{ at: 'mail', reply: '451 4.7.1 Rate limit exceeded' }] } : {});
  };
}

function send({ ports }: System, count: number, domain: string): Load {
  const mails = storyMails(count, (number) => ({ to: [`b${number}@${domain}`] }), domain);
  return new Load({ mails, sessions: 4, client: () => smtpClient(ports['relay.listen']) });
}

/** As the command line shows it. */
async function learnedOf(system: System, name: string): Promise<{ readonly learned: readonly number[]; readonly configured: readonly number[] }> {
  const { out, err } = await commandLine(system)(['stats', '-o', 'json']);
  const { upstreams } = JSON.parse(out || `{"error": ${JSON.stringify(err)}}`) as {
    upstreams: { name: string; limits?: { limit: string; learned?: boolean }[] }[];
  };
  const limits = upstreams.find((upstream) => upstream.name === name)?.limits ?? [];
  return {
    learned: limits.filter(({ learned }) => learned).map(({ limit }) => Number(limit)),
    configured: limits.filter(({ learned }) => !learned).map(({ limit }) => Number(limit)),
  };
}

it('opens no more connections than there may be, with three senders that come and go, and learns the rate of an upstream that complains', async () => {
  const touchy = new Touchy(10);
  const upstreams = {
    narrow: { maxConnections, connections: 3, script: { rules: [{ at: 'final', delayMs: 20 }] } },
    touchy: { perSecond: 500, onMailFrom: touchy.onMailFrom },
  } as const;
  // The policy of its class would wait a minute.
  const settings = { routes: 'domain:touchy.example=touchy,*=narrow', 'scheduler.retryRules': 'class:rate_limited=1s,1s,1s,2s,2s,2s,3s,3s,3s,5s' };
  await play({ programs: ['relay', 'api', 'scheduler', 'sender'], upstreams, settings }, async (system) => {
    touchy.upstream = system.upstreamBy('touchy');
    const others = [];
    for (const label of ['second', 'third']) others.push(system.add('sender', label, { 'sender.admin': `127.0.0.1:${await freePort()}` }));
    const narrow = send(system, 200, 'narrow.example');
    const complaining = send(system, 40, 'touchy.example');
    await Promise.all(others.map((sender) => sender.start()));
    await narrow.reaches(100);
    await system.program('third').terminate();

    await eventually(async () => expect((await learnedOf(system, 'touchy')).learned[0]).toBeLessThan(500), {
      timeoutMs: 20_000,
      describe: 'what it really allows is learned',
    });
    expect((await learnedOf(system, 'touchy')).configured, 'and stands beside what is configured').toContain(500);
    const { duplicates, history } = await settle(system, [narrow, complaining]);
    expect(duplicates).toBe(0);
    expect(touchy.complaints).toBeGreaterThan(0);
    expect(touchy.complaints, 'what was refused once is not tried blindly').toBeLessThan(60);
    expect(history.count('deferred')).toBe(touchy.complaints);
    const { mostOpen, connections } = system.upstreamBy('narrow').counts();
    expect(mostOpen, 'connections of all senders at once').toBeLessThanOrEqual(maxConnections);
    expect(connections, 'opened by more than one of them').toBeGreaterThan(maxConnections);
  });
});
