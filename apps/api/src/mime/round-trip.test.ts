import { Disposition } from '@posthaste/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Mailbox } from '../submission/address.ts';
import type { Addressing } from '../submission/envelope.ts';
import { built, hasPython, readByPostalMime, readByPython, type Request, type Seen } from './testbed/readers.ts';

interface Drawn {
  readonly request: Request & {
    readonly subject: string;
    readonly text: string;
    readonly html: string;
    readonly headers: { readonly 'X-Note': string };
  };
  readonly files: readonly { filename: string; contentId: string; disposition: Disposition; content: Buffer }[];
  readonly addressing: Addressing;
}

/** Words as they come: plain, accented, in other scripts, beyond the basic plane, and what means something in a header. */
const symbol = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...Array.from('abcXYZ0189')) },
  { weight: 2, arbitrary: fc.constant(' ') },
  { weight: 2, arbitrary: fc.constantFrom(...Array.from('éüßøñ日本語שלוםالع☕😀👩‍🚀')) },
  { weight: 2, arbitrary: fc.constantFrom(...Array.from('"\\<>()[]:;@,.=?_%\'*-+/#')) },
  { weight: 1, arbitrary: fc.constantFrom('=?UTF-8?Q?x?=', '=?', '?=', '\t', '  ', "UTF-8''", '=3D', '--', '..') },
);
const phrase = (longest: number) => fc.array(symbol, { maxLength: longest }).map((symbols) => symbols.join(''));
const name = phrase(60).map((text) => text.replaceAll('\t', ' ').trim());
const address = fc.constantFrom(
  'a@example.org',
  'first.last+tag@mail.example.org',
  '"quoted part"@example.org',
  `${'long.'.repeat(12)}end@${'sub.'.repeat(30)}example.org`,
  'zoë@example.org',
  'zoë@bücher.example',
);
const mailbox: fc.Arbitrary<Mailbox> = fc.record({ name, address });
const body = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: symbol },
      { weight: 1, arbitrary: fc.constantFrom('\n', '\r\n', ' \n', '\nFrom x', '\n.\n', '\n--', '\0', 'x'.repeat(1200), 'wört '.repeat(30)) },
    ),
    {
      maxLength: 80,
    },
  )
  .map((pieces) => pieces.join(''));
const file = fc.record({
  // postal-mime undoes encoded words in a filename, where none belong.
  filename: phrase(40).map((text) => text.replaceAll(/[/\\\t]|=\?/g, '').trim()),
  contentId: fc.constantFrom('', '', 'picture@example.org', 'a.b-c_d'),
  disposition: fc.constantFrom(Disposition.UNSPECIFIED, Disposition.ATTACHMENT, Disposition.INLINE),
  content: fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 3000, maxLength: 4000 })).map((bytes) => Buffer.from(bytes)),
});

const drawn: fc.Arbitrary<Drawn> = fc
  .record({
    subject: phrase(120),
    text: body,
    html: body,
    header: phrase(200),
    files: fc.array(file, { maxLength: 4 }),
    from: mailbox,
    to: fc.array(mailbox, { maxLength: 5 }),
    cc: fc.array(mailbox, { maxLength: 3 }),
    replyTo: fc.array(mailbox, { maxLength: 2 }),
  })
  .map(({ subject, text, html, header, files, ...addressing }) => ({
    request: { subject, text, html, headers: { 'X-Note': header }, attachments: files },
    files,
    addressing: { ...addressing, bcc: [{ name: '', address: 'hidden@example.com' }] },
  }));

test('postal-mime finds in a built message what was asked for', async () => {
  await fc.assert(
    fc.asyncProperty(drawn, async (sample) => {
      const raw = await built(sample.request, sample.addressing);
      keepsTheRules(raw, sample);
      finds(await readByPostalMime(raw), sample);
    }),
    { numRuns: 300 },
  );
});

describe.skipIf(!hasPython)("by Python's email package (skipped when there is no python3)", () => {
  test('a built message holds what was asked for, and has no defects', async () => {
    const samples = fc.sample(drawn, 200);
    const seen = readByPython(await Promise.all(samples.map(({ request, addressing }) => built(request, addressing))));
    samples.forEach((sample, index) => {
      finds(seen[index]!, sample, withoutSpaces);
      expect(seen[index]!.defects).toEqual([]);
    });
  });
});

function keepsTheRules(raw: Buffer, { addressing }: Drawn): void {
  const text = raw.toString('latin1');
  expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/);
  expect(text.endsWith('\r\n')).toBe(true);
  for (const line of text.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
  expect(text).not.toContain('hidden@example.com');
  const international = [addressing.from, ...addressing.to, ...addressing.cc, ...addressing.replyTo].some((one) => one.address.startsWith('zoë'));
  expect(/[\x80-\xff]/.test(text)).toBe(international);
}

/** In a name Python makes one space of several, and one of what stands between two encoded words (python/cpython issue 128110). */
const withoutSpaces = (name: string) => name.replaceAll(' ', '');

function finds(seen: Seen, { request, files, addressing }: Drawn, name = (text: string) => text): void {
  /** Some readers undo the quotes around a local part. */
  const bare = (mailboxes: readonly Mailbox[]) => mailboxes.map((one) => ({ name: name(one.name), address: one.address.replaceAll('"', '') }));
  expect(seen.headers['subject'] ?? '').toBe(trimmed(request.subject));
  expect(seen.headers['x-note']).toBe(trimmed(request.headers['X-Note']));
  expect(bare(seen.from)).toEqual(bare([addressing.from]));
  expect(bare(seen.to)).toEqual(bare(addressing.to));
  expect(bare(seen.cc)).toEqual(bare(addressing.cc));
  expect(bare(seen.replyTo)).toEqual(bare(addressing.replyTo));
  expect(lines(seen.text)).toBe(lines(request.text));
  expect(lines(seen.html)).toBe(lines(request.html));
  expect(seen.files.toSorted(byContent)).toEqual(
    files
      .map(({ filename, contentId, disposition, content }) => ({
        filename,
        type: expect.any(String),
        contentId,
        disposition: (disposition === Disposition.UNSPECIFIED ? contentId !== '' : disposition === Disposition.INLINE) ? 'inline' : 'attachment',
        content: content.toString('base64'),
      }))
      .toSorted(byContent),
  );
}

const byContent = (a: { content: string; filename: string }, b: { content: string; filename: string }) =>
  a.content + a.filename < b.content + b.filename ? -1 : 1;
const trimmed = (text: string) => text.replaceAll(/^[ \t]+|[ \t]+$/g, '');
const lines = (text: string) => text.replaceAll(/\r\n?/g, '\n').replace(/\n+$/, '');
