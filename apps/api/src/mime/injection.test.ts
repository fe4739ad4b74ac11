import { create } from '@bufbuild/protobuf';
import { ListUnsubscribeSchema, SubmitRequestSchema } from '@posthaste/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAddressing } from '../submission/envelope.ts';
import { built, hasPython, nobody, readByPostalMime, readByPython, type Request, type Seen } from './testbed/readers.ts';

/** What would like to be a header, a part, or an end, and whatever else Unicode has. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r\n',
        '\r',
        '\n',
        '\0',
        '\x0b',
        '\x0c',
        '\x85',
        '\u2028',
        '\u2029',
        '\t',
        ' ',
        '"',
        '\\',
        '<',
        '>',
        ';',
        ',',
        '=?UTF-8?Q?=0D=0A?=',
      ),
      fc.constantFrom(
        '\r\nBcc: x@example.com',
        '\nX-Evil: 1',
        '\r\n\r\n<b>',
        '\r\n--=_secret_1\r\n',
        '\r\n--=_secret_1--\r\n',
        '\r\n.\r\n',
        '--=_secret_2',
        '*=',
        "UTF-8''",
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.string({ unit: 'grapheme', maxLength: 90 }),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join(''));

const orPlain = (plain: string) => fc.oneof({ weight: 3, arbitrary: fc.constant(plain) }, { weight: 1, arbitrary: hostile });

const attack = fc.record({
  subject: hostile,
  text: hostile,
  html: hostile,
  name: hostile,
  headerName: orPlain('X-Note'),
  headerValue: hostile,
  url: orPlain('https://example.org/u'),
  mailto: orPlain('u@example.org'),
  filename: hostile,
  contentType: hostile,
  contentId: orPlain('picture'),
});
type Attack = typeof attack extends fc.Arbitrary<infer Drawn> ? Drawn : never;

/** As if no rule had been checked before; undefined when the builder will not have it. */
async function buildUnchecked(drawn: Attack): Promise<Buffer | undefined> {
  const { subject, text, html, name, headerName, headerValue, url, mailto, filename, contentType, contentId } = drawn;
  const listUnsubscribe = create(ListUnsubscribeSchema, { url, mailto, oneClick: true });
  const attachments = [{ filename, contentType, contentId, content: Buffer.from(text) }];
  const request: Request = { subject, text, html, headers: { [headerName]: headerValue }, listUnsubscribe, attachments };
  const person = { name, address: 'a@example.org' };
  try {
    return await built(request, { ...nobody, from: person, to: [person, person], replyTo: [person] });
  } catch (error) {
    expect(String(error)).toMatch(/would break its line|is no name of a header field/);
    return undefined;
  }
}

function holdsNothingElse({ names, text, html, files }: Seen, { subject, headerName, ...drawn }: Attack): void {
  const asked = [
    'from',
    'to',
    'reply-to',
    ...(subject === '' ? [] : ['subject']),
    headerName.toLowerCase(),
    'list-unsubscribe',
    'list-unsubscribe-post',
  ];
  expect(names).toEqual([...asked, 'mime-version', 'content-type']);
  expect(files).toHaveLength(1);
  expect([text === '', html === '']).toEqual([drawn.text === '', drawn.html === '']);
}

test('no text becomes a header or a part of its own: seen by postal-mime', async () => {
  await fc.assert(
    fc.asyncProperty(attack, async (drawn) => {
      const raw = await buildUnchecked(drawn);
      if (raw) holdsNothingElse(await readByPostalMime(raw), drawn);
    }),
    { numRuns: 500 },
  );
});

describe.skipIf(!hasPython)("by Python's email package (skipped when there is no python3)", () => {
  test('no text becomes a header or a part of its own', async () => {
    const drawn = fc.sample(attack, 200);
    const mails = await Promise.all(drawn.map(buildUnchecked));
    const through = drawn.flatMap((one, index) => (mails[index] ? [{ one, mail: mails[index] }] : []));
    const seen = readByPython(through.map(({ mail }) => mail));
    through.forEach(({ one }, index) => holdsNothingElse(seen[index]!, one));
    expect(through.length).toBeGreaterThan(20);
  });
});

test('an address that is taken stands alone', async () => {
  const people = fc.oneof(
    fc.tuple(hostile, fc.constantFrom('b@example.net', '"b, <x@example.com>"@example.net')).map(([name, address]) => `${name} <${address}>`),
    hostile,
  );
  await fc.assert(
    fc.asyncProperty(people, async (person) => {
      const request = create(SubmitRequestSchema, { from: 'a@example.org', to: [person, 'last@example.net'], text: 'x' });
      let addressing;
      try {
        addressing = readAddressing(request);
      } catch {
        return;
      }
      const { to, names } = await readByPostalMime(await built(request, addressing));
      expect(to.map(({ address }) => address.replaceAll('"', ''))).toEqual(addressing.to.map(({ address }) => address.replaceAll('"', '')));
      expect(names).toEqual(['from', 'to', 'mime-version', 'content-type', 'content-transfer-encoding']);
    }),
    { numRuns: 500 },
  );
});
