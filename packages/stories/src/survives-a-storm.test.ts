import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails, textBody, type StoryMailOptions } from './story-mail.ts';
import type { System } from './system.ts';

const lanes = ['immediate', 'high', 'normal', 'low'];

/** Every lane, one and several recipients, one and several upstreams, small and large. */
function kindOf(number: number): Partial<StoryMailOptions> {
  const lane = lanes[number % 4] ?? 'normal';
  const to = number % 7 === 0 ? ['b@other.example', 'c@main.example'] : number % 3 === 0 ? ['p@main.example', 'q@grey.example'] : ['m@main.example'];
  return { to, control: { 'X-Posthaste-Lane': lane }, ...(number % 500 === 5 && { body: textBody(`${number}`, 2 ** 20) }) };
}

/** Greylists, drops connections before and after it has taken a mail, and is never fast. */
const script = {
  rules: [
    { at: 'rcpt', recipient: '*@grey.example', times: 300, reply: '451 4.7.1 Come again' },
    { at: 'data', times: 5, drop: true },
    { at: 'final', times: 5, drop: true },
    { at: 'final', delayMs: 10 },
  ],
} as const;

const settings = {
  routes: 'domain:other.example=other,*=main',
  'scheduler.senderLease': '8s',
  'scheduler.retryDelays': Array.from({ length: 20 }, () => '300ms').join(','),
  'scheduler.checkpointEvery': '1s',
  'scheduler.checkpointEvents': '300',
  // Whatever pins a log is moved at once: moves meet every trouble too.
  'scheduler.pinnedFloor': '0',
};

const troubles: readonly ((system: System) => Promise<unknown>)[] = [
  (system) => system.relay.restart(),
  (system) => system.sender.restart(),
  async (system) => system.link.cut(),
  (system) => system.scheduler.restart(),
  async (system) => {
    await Promise.all([system.killNats(), system.scheduler.kill()]);
    await system.startNats();
    await system.scheduler.start();
  },
  async (system) => {
    await system.upstreamBy('other').goDown();
    await Promise.all([system.sender.kill(), system.relay.kill()]);
    await Promise.all([system.sender.start(), system.relay.start()]);
    await system.upstreamBy('other').comeBack();
  },
  async (system) => {
    await system.killNats();
    await system.startNats();
  },
];

it('keeps its promises when everything goes wrong, one thing after the other', () =>
  play({ upstreams: { main: { script }, other: {} }, settings }, async (system) => {
    const load = new Load({ mails: storyMails(2_500, kindOf), sessions: 8, client: () => smtpClient(system.ports['relay.listen']) });
    for (const [index, trouble] of troubles.entries()) {
      await system.receipts.reaches(150 * (index + 1));
      await trouble(system);
    }
    const { duplicates, history } = await settle(system, [load]);
    const doubted = history.of('doubted').flatMap(({ recipients }) => recipients);
    expect(duplicates, 'copies that the journal has in doubt').toBeLessThanOrEqual(doubted.length);
    expect(history.count('failed')).toBe(0);
  }));
