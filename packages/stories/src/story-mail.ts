import { hash } from 'node:crypto';
import { seededRandom } from '@posthaste/testkit';

/** A mail of a story: what is handed in, and the digest of what the upstream must receive below the door's Received field. */
export interface StoryMail {
  /** Value of its X-Story-Id header, which is found again in what arrives. */
  readonly story: string;
  readonly from: string;
  readonly to: readonly string[];
  /** As it is handed in, lines ended by CRLF, not dot-stuffed. */
  readonly raw: Buffer;
  /** SHA-256, hex. */
  readonly digest: string;
  /** Parameters of MAIL FROM, with a space in front of each. */
  readonly parameters: string;
}

export interface StoryMailOptions {
  readonly story: string;
  readonly from?: string;
  readonly to?: readonly string[];
  /** X-Posthaste-* fields, which the door takes away again: name to value. */
  readonly control?: Readonly<Record<string, string>>;
  /** Default: seeded text of some 4 KiB. */
  readonly body?: Uint8Array;
  /** Further header fields, as they stand in the message; UTF-8. */
  readonly fields?: readonly string[];
  readonly parameters?: string;
}

/** Has a Date and a Message-ID, so that the door adds nothing but Received, and the rest must arrive byte for byte. */
export function storyMail(options: StoryMailOptions): StoryMail {
  const { story, from = 'a@example.org', to = ['b@example.net'], control = {}, body = textBody(story), fields = [], parameters = '' } = options;
  const own = [
    `From: <${from}>`,
    `To: ${to.map((address) => `<${address}>`).join(', ')}`,
    `Subject: ${story}`,
    'Date: Tue, 01 Jan 2030 00:00:00 +0000',
    `Message-ID: <${story}@story.example>`,
    `X-Story-Id: ${story}`,
    ...fields,
  ];
  const arriving = Buffer.concat([Buffer.from(`${own.join('\r\n')}\r\n\r\n`), body]);
  const removed = Object.entries(control).map(([name, value]) => `${name}: ${value}\r\n`);
  return { story, from, to, raw: Buffer.concat([Buffer.from(removed.join('')), arriving]), digest: hash('sha256', arriving), parameters };
}

/** `count` mails that differ in their bodies; `options` says more about each. */
export function storyMails(count: number, options: (number: number) => Partial<StoryMailOptions> = () => ({}), prefix = 'mail'): StoryMail[] {
  return Array.from({ length: count }, (_, number) => storyMail({ story: `${prefix}-${number}`, ...options(number) }));
}

/** Lines of text, one of which begins with a dot. */
export function textBody(seed: string, bytes = 4096): Buffer {
  const random = seededRandom(Number.parseInt(hash('sha256', seed).slice(0, 8), 16));
  const line = () => `${Math.floor(random() * 1e15).toString(36)} `.repeat(5).trimEnd();
  const lines = ['.', '..and so on'];
  for (let length = 0; length < bytes; length += lines.at(-1)?.length ?? 0) lines.push(line());
  return Buffer.from(`${lines.join('\r\n')}\r\n`);
}
