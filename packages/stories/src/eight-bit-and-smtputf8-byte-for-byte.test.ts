import { seededRandom } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails, type StoryMailOptions } from './story-mail.ts';
import type { System } from './system.ts';

/** Every byte but NUL, CR and LF; lines that begin with dots; CRLF. It is neither UTF-8 nor any other text. */
function anyBytes(seed: number): Buffer {
  const random = seededRandom(seed);
  const lines = Array.from({ length: 200 }, (_, line) => [
    ...(line % 7 === 0 ? [0x2e, 0x2e] : []),
    ...Array.from({ length: 100 }, () => 1 + Math.floor(random() * 255)).filter((byte) => byte !== 10 && byte !== 13),
    13,
    10,
  ]);
  return Buffer.from(lines.flat());
}

const eightBit =
  (domain: string) =>
  (number: number): Partial<StoryMailOptions> => ({
    to: [`b@${domain}`],
    fields: ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=iso-8859-1', 'Content-Transfer-Encoding: 8bit'],
    body: anyBytes(number),
    parameters: ' BODY=8BITMIME',
  });

const international = (domain: string) => (): Partial<StoryMailOptions> => ({
  from: 'zoë@bücher.example',
  to: [`山田@${domain}`, `b@${domain}`],
  fields: ['X-Greeting: schöne Grüße aus Köln 🚚', 'MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'],
  body: Buffer.from('Schöne Grüße.\r\n.\r\n'),
  parameters: ' BODY=8BITMIME SMTPUTF8',
});

const startLoad = (system: System, prefix: string, options: (number: number) => Partial<StoryMailOptions>) =>
  new Load({ mails: storyMails(30, options, prefix), sessions: 3, client: () => smtpClient(system.ports['relay.listen']) });

const upstreams = { main: {}, plain: { script: { keywords: ['PIPELINING', 'ENHANCEDSTATUSCODES'] } } };
const settings = { routes: 'domain:plain.example=plain,*=main' };

it('delivers 8-bit and international mail byte for byte, and never sends it to an upstream that lacks the extension', () =>
  play({ upstreams, settings }, async (system) => {
    const bytes = startLoad(system, 'bytes', eightBit('fine.example'));
    const words = startLoad(system, 'words', international('例え.example'));
    const refusedBytes = startLoad(system, 'refused-bytes', eightBit('plain.example'));
    const refusedWords = startLoad(system, 'refused-words', international('plain.example'));
    await Promise.all([refusedBytes.done, refusedWords.done]);
    const { duplicates, history } = await settle(system, [bytes, words]);
    expect(duplicates).toBe(0);
    for (const { story, to, parameters } of system.receipts.all) {
      expect(parameters).toMatchObject({ BODY: '8BITMIME', ...(story.startsWith('words') && { SMTPUTF8: '' }) });
      expect(to[0]).toBe(story.startsWith('words') ? '山田@例え.example' : 'b@fine.example');
    }
    const codes = (load: Load) =>
      history
        .of('failed')
        .filter(({ id }) => load.accepted.has(id))
        .map(({ reason, reply }) => `${reason} ${reply.enhanced}`);
    expect(codes(refusedBytes)).toEqual(Array.from({ length: 30 }, () => 'UPSTREAM_LACKS_EXTENSION 5.6.3'));
    expect(codes(refusedWords)).toEqual(Array.from({ length: 30 }, () => 'UPSTREAM_LACKS_EXTENSION 5.6.7'));
  }));
