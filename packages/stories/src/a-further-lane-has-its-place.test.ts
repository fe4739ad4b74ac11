import { expect, it } from 'vitest';
import { restClient } from './api-client.ts';
import { commandLine } from './command-line.ts';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

/** Some 130 mails a second. */
const slow = { connections: 2, script: { rules: [{ at: 'final', delayMs: 15 }] } } as const;
const options = {
  programs: ['relay', 'api', 'scheduler', 'sender'],
  upstreams: { main: slow },
  settings: { 'lanes.further': 'wedding-day=high target:1m' },
} as const;

it('mail of a lane that an operator has added goes in its place, and is known by its name everywhere', () =>
  play(options, async (system) => {
    const { ports } = system;
    const smtp = () => smtpClient(ports['relay.listen']);
    const inLane = (lane: string, count: number) =>
      storyMails(count, () => ({ control: { 'X-Posthaste-Lane': lane }, body: Buffer.from('x\r\n') }), lane);
    const backlog = new Load({ mails: inLane('high', 1_000), sessions: 20, client: smtp });
    await backlog.done;
    const bySmtp = new Load({ mails: inLane('wedding-day', 40), sessions: 4, client: smtp });
    const byRest = new Load({
      mails: storyMails(40, () => ({}), 'rest'),
      sessions: 4,
      client: () => restClient(ports['api.listen'], { laneName: 'wedding-day' }),
    });
    await Promise.all([bySmtp.done, byRest.done]);
    const before = system.receipts.all.length;
    expect(before, 'a backlog was there to be overtaken').toBeLessThan(700);
    const { history } = await settle(system, [backlog, bySmtp, byRest]);
    const ofTheDay = system.receipts.all.filter(({ story }) => !story.startsWith('high'));
    expect(ofTheDay).toHaveLength(80);
    // Beside themselves: what was with the sender already, and one in five for the backlog.
    expect(Math.max(...ofTheDay.map(({ order }) => order)) - before).toBeLessThan(80 + 20 + 10);

    const tickets = history.of('accepted').map(({ ticket }) => ticket);
    expect(tickets.filter(({ lane, furtherLane }) => lane === 'high' && furtherLane === 'wedding-day')).toHaveLength(80);
    const metrics = await system.scheduler.metrics();
    expect(metrics.sum('posthaste_delivered_total', { lane: 'wedding-day' })).toBe(80);
    expect(metrics.sum('posthaste_delivered_total', { lane: 'high' })).toBe(1_000);

    const run = commandLine(system);
    const listed = await run(['list', '--lane', 'wedding-day', '-n', '100', '-o', 'jsonl']);
    expect(listed.out.trim().split('\n')).toHaveLength(80);
    const [id = ''] = bySmtp.accepted.keys();
    expect((await run(['status', id])).out).toContain('lane wedding-day');
    expect((await run(['stats'])).out).toMatch(/^immediate .*\n.*wedding-day .*\n.*high /m);
    const refused = await run(['list', '--lane', 'weding-day']);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('(did you mean wedding-day?)') });
  }));
