import { hash } from 'node:crypto';
import { deadStream, mailStream } from '@posthaste/stream';
import { eventually } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { splitReceived } from './receipts.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';
import { measure, readAll } from './streams.ts';
import type { System } from './system.ts';

const script = {
  rules: [
    { at: 'rcpt', recipient: '*@later.example', reply: '451 4.2.1 Mailbox busy' },
    { at: 'rcpt', recipient: '*@never.example', reply: '550 5.1.1 No such user' },
  ],
} as const;

const startLoad = (system: System, domain: string) =>
  new Load({ mails: storyMails(20, () => ({ to: [`b@${domain}`] }), domain), sessions: 5, client: () => smtpClient(system.ports['relay.listen']) });

it('keeps as a dead letter what is refused for good, or too often', () =>
  play({ upstreams: { main: { script } } }, async (system) => {
    const [fine, later, never] = [startLoad(system, 'fine.example'), startLoad(system, 'later.example'), startLoad(system, 'never.example')];
    await Promise.all([later.done, never.done]);
    const { history } = await settle(system, [fine]);
    const failed = new Map(history.of('failed').map((event) => [event.id, event]));
    expect(failed.size).toBe(40);
    for (const id of later.accepted.keys()) {
      expect(failed.get(id)).toMatchObject({ reason: 'RETRIES_EXHAUSTED', reply: { code: 451, enhanced: '4.2.1' } });
      expect(history.count('started', id), 'the first attempt and three more').toBe(4);
    }
    for (const id of never.accepted.keys()) {
      expect(failed.get(id)).toMatchObject({ reason: 'UPSTREAM_REJECTED', reply: { code: 550, enhanced: '5.1.1' } });
      expect(history.count('started', id)).toBe(1);
    }
    await compareDeadLetters(system, [later, never]);
    await eventually(async () => expect((await measure(system.natsUrl, mailStream(0, 'normal'))).messages).toBe(0));
    await system.scheduler.restart();
    expect((await settle(system, [fine])).history.count('started'), 'nothing is tried again after a restart').toBe(history.count('started'));
  }));

/** With the body, byte for byte. */
async function compareDeadLetters({ natsUrl }: System, loads: readonly Load[]): Promise<void> {
  const letters = await readAll(natsUrl, deadStream(0));
  const digests = new Map(letters.map(({ subject, body }) => [subject.split('.')[2], hash('sha256', splitReceived(Buffer.from(body)).below)]));
  const expected = loads.flatMap(({ accepted }) => [...accepted].map(([id, { digest }]) => [id, digest] as const));
  expect(digests).toEqual(new Map(expected));
}
