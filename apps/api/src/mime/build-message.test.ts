import { create } from '@bufbuild/protobuf';
import { Disposition, SubmitRequestSchema } from '@posthaste/protocol';
import { describe, expect, test } from 'vitest';
import { buildMessage, type StoredFile } from './index.ts';
import { built, nobody, type Request } from './testbed/readers.ts';

const text = async (request: Request, addressing = nobody) => (await built(request, addressing)).toString();
const picture = { filename: 'p.png', contentId: 'p@example.org', content: Buffer.from('png') };
const paper = { filename: 'paper.pdf', content: Buffer.from('pdf') };

test.each<[string, Request, string[]]>([
  ['text', { text: 'a' }, ['text/plain']],
  ['html', { html: '<b>' }, ['text/html']],
  ['both', { text: 'a', html: '<b>' }, ['multipart/alternative', 'text/plain', 'text/html']],
  ['html with a picture', { html: '<b>', attachments: [picture] }, ['multipart/related', 'text/html', 'image/png']],
  [
    'everything',
    { text: 'a', html: '<b>', attachments: [paper, picture] },
    ['multipart/mixed', 'multipart/alternative', 'text/plain', 'multipart/related', 'text/html', 'image/png', 'application/pdf'],
  ],
  ['text with a picture', { text: 'a', attachments: [picture] }, ['multipart/mixed', 'text/plain', 'image/png']],
  ['files alone', { attachments: [paper, paper] }, ['multipart/mixed', 'application/pdf', 'application/pdf']],
])('%s is put together as its readers expect', async (_, request, types) => {
  const found = (await text(request)).matchAll(/^Content-Type: ([\w/]+)/gm);
  expect(Array.from(found, ([, type]) => type)).toEqual(types);
});

test('a message in full', async () => {
  const raw = await built({ subject: 'Grüße', text: 'plain', html: '<b>', headers: { 'X-Shop': 'de' }, attachments: [paper] }, nobody);
  const [boundary = ''] = /=_[\w-]+(?=_2")/.exec(raw.toString()) ?? [];
  expect(raw.toString().replaceAll(boundary, '=_B').split('\r\n')).toEqual([
    'From: a@example.org',
    'To: b@example.net',
    'Subject: =?UTF-8?B?R3LDvMOfZQ==?=',
    'X-Shop: de',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed;',
    ' boundary="=_B_2"',
    '',
    '--=_B_2',
    'Content-Type: multipart/alternative;',
    ' boundary="=_B_1"',
    '',
    '--=_B_1',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 7bit',
    '',
    'plain',
    '--=_B_1',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: 7bit',
    '',
    '<b>',
    '--=_B_1--',
    '',
    '--=_B_2',
    'Content-Type: application/pdf',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment; filename=paper.pdf',
    '',
    'cGRm',
    '',
    '--=_B_2--',
    '',
  ]);
});

describe('the transfer encoding', () => {
  test.each([
    ['7bit', 'plain\n'.repeat(100)],
    ['7bit', 'x'.repeat(998)],
    ['quoted-printable', 'x'.repeat(999)],
    ['quoted-printable', 'with a zero \0'],
    ['quoted-printable', 'Viele Grüße aus einem Text, der sonst nichts Besonderes hat.'],
    ['base64', '日本語'],
  ])('is %s', async (encoding, body) => {
    const [head = '', encoded = ''] = (await text({ text: body })).split('\r\n\r\n');
    expect(head).toContain(`Content-Transfer-Encoding: ${encoding}`);
    const longest = Math.max(...encoded.split('\r\n').map((line) => line.length));
    expect(longest).toBeLessThanOrEqual(encoding === '7bit' ? 998 : 76);
  });

  test('protects white space at the end of a line where it is quoted anyway', async () => {
    expect(await text({ text: `${'Grüße aus dem Süden '.repeat(2)}\nund noch viel mehr Text ohne Umlaute\t` })).toContain(
      'S=C3=BCden=20\r\nund noch viel mehr Text ohne Umlaute=09\r\n',
    );
  });

  test('keeps a mail within a mail as it is, line ends aside', async () => {
    const mail = { filename: 'a.eml', content: Buffer.from('Subject: inner\n\nhello\n') };
    expect(await text({ text: 'see below', attachments: [mail] })).toMatch(
      /Content-Type: message\/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n[^]*\r\n\r\nSubject: inner\r\n\r\nhello\r\n/,
    );
  });

  test.each([
    ['message/rfc822', Buffer.from('Subject: ü\r\n\r\n')],
    ['multipart/mixed; boundary=x', Buffer.from('--x\r\n\r\n--x--\r\n')],
  ])('makes any file of %s that cannot go as it is', async (contentType, content) => {
    expect(await text({ text: 'a', attachments: [{ contentType, content }] })).toMatch(
      /Content-Type: application\/octet-stream\r\nContent-Transfer-Encoding: base64\r\n/,
    );
  });
});

describe('an attachment', () => {
  const fields = async (attachment: NonNullable<Request['attachments']>[number]) =>
    (await text({ html: '<b>', attachments: [attachment] }))
      .split(/^--=_.*$/m)[2]
      ?.split('\r\n\r\n')[0]
      ?.trim()
      .replaceAll('\r\n', '');

  test.each([
    ['a type by its ending', { filename: 'A.DOCX' }, /^Content-Type: application\/vnd\.openxmlformats-officedocument\.wordprocessingml\.document/],
    ['no type that is known', { filename: 'a.unheard-of' }, /^Content-Type: application\/octet-stream/],
    [
      'a type that is given',
      { contentType: 'Text/Calendar; method=REQUEST; charset="utf-8"' },
      /^Content-Type: text\/calendar; method=REQUEST; charset=utf-8/,
    ],
    ['a plain name', { filename: 'my file (1).pdf' }, /attachment; filename="my file \(1\)\.pdf"$/],
    ['a name beyond ASCII', { filename: 'Übersicht.pdf' }, /attachment; filename\*=UTF-8''%C3%9Cbersicht\.pdf$/],
    ['a name that looks encoded', { filename: '=?UTF-8?Q?x?=' }, /filename\*=UTF-8''%3D%3FUTF-8%3FQ%3Fx%3F%3D$/],
    [
      'a long name',
      { filename: `${'ü'.repeat(20)}.pdf` },
      /filename\*0\*=UTF-8''(%C3%BC){8}; filename\*1\*=(%C3%BC){10}; filename\*2\*=(%C3%BC){2}\.pdf$/,
    ],
    ['a place in the HTML', { contentId: 'x@y' }, /Content-Disposition: inlineContent-ID: <x@y>$/],
    ['its own wish', { contentId: 'x@y', disposition: Disposition.ATTACHMENT }, /Content-Disposition: attachmentContent-ID: <x@y>$/],
  ])('has %s', async (_, attachment, expected) => {
    expect(await fields(attachment)).toMatch(expected);
  });
});

describe('the header', () => {
  const header = async (request: Request, addressing = nobody) => (await text({ text: 'x', ...request }, addressing)).split('\r\n\r\n')[0] ?? '';

  test('is folded where a line would be longer than 76, and unfolds to what was given', async () => {
    const long = `${'word '.repeat(60)}${'x'.repeat(200)}  two spaces`;
    const folded = await header({ subject: long });
    expect(folded.replaceAll('\r\n ', ' ')).toContain(`Subject: ${long}\r\n`);
    expect(folded.split('\r\n').filter((line) => line.length > 76)).toEqual([` ${'x'.repeat(200)}  two`]);
  });

  test('encodes what has no place to fold', async () => {
    expect(await header({ headers: { 'X-Long': 'x'.repeat(2000) } })).toMatch(/X-Long: =\?UTF-8\?Q\?x+\?=\r\n =\?UTF-8\?Q\?x{63}\?=\r\n/);
  });

  test('has encoded words of at most 75, each whole in itself', async () => {
    const words = Array.from((await header({ subject: '😀ü'.repeat(100) })).matchAll(/=\?UTF-8\?B\?(.*)\?=/g));
    expect(words.length).toBeGreaterThan(5);
    for (const [word, encoded = ''] of words) {
      expect(word.length).toBeLessThanOrEqual(75);
      expect(Buffer.from(encoded, 'base64').toString()).not.toContain('\ufffd');
    }
  });

  test.each([
    ['Q', 'mostly plain, one ü'],
    ['B', 'ünïcödé'],
  ])('takes %s for %s: the shorter one', async (encoding, subject) => {
    expect(await header({ subject })).toContain(`Subject: =?UTF-8?${encoding}?`);
  });

  test.each([
    ['John Doe', 'John Doe <a@example.org>'],
    ['Doe, John "JD"', String.raw`"Doe, John \"JD\"" <a@example.org>`],
    ['two  spaces', '"two  spaces" <a@example.org>'],
    ['Zoë', '=?UTF-8?Q?Zo=C3=AB?= <a@example.org>'],
    ['=?UTF-8?Q?x?=', '=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?= <a@example.org>'],
  ])('writes the name %s as RFC 5322 asks', async (name, expected) => {
    expect(await header({}, { ...nobody, from: { name, address: 'a@example.org' } })).toContain(`From: ${expected}\r\n`);
  });

  test('holds UTF-8 only where an address cannot do without', async () => {
    const people = ['a@bücher.example', 'zoë@bücher.example'].map((address) => ({ name: '', address }));
    expect(await header({}, { ...nobody, to: people })).toContain('To: a@xn--bcher-kva.example, zoë@bücher.example\r\n');
  });

  test('says how to leave the list', async () => {
    const listUnsubscribe = { url: 'https://example.org/u?x=1', mailto: 'u@example.org?subject=leave', oneClick: true };
    const folded = await header({ listUnsubscribe });
    expect(folded).toContain(
      'List-Unsubscribe: <https://example.org/u?x=1>,\r\n <mailto:u@example.org?subject=leave>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n',
    );
    expect(await header({ listUnsubscribe: { mailto: 'u@example.org' } })).not.toContain('List-Unsubscribe-Post');
  });

  test('leaves Date and Message-ID to the door, unless they are given', async () => {
    expect(await header({})).not.toMatch(/^(Date|Message-ID):/m);
    const headers = { Date: 'Thu, 1 May 2031 08:00:00 +0000', 'Message-ID': '<1@example.org>' };
    expect(await header({ headers })).toContain('Date: Thu, 1 May 2031 08:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n');
  });

  test('names nobody when only Bcc has recipients', async () => {
    expect(await header({}, { ...nobody, to: [], bcc: [{ name: '', address: 'hidden@example.net' }] })).toContain(
      '\r\nTo: undisclosed-recipients:;\r\n',
    );
  });
});

describe('a large message', () => {
  const request = (content: Uint8Array, more: Request = {}) =>
    create(SubmitRequestSchema, { text: 'see below', attachments: [{ content }], ...more });
  const file = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => (index * 7919) % 251));

  test('comes in pieces, none of them large', async () => {
    const { raw } = buildMessage(request(file), nobody, { maxBytes: 2 ** 21 });
    expect(raw).not.toBeInstanceOf(Uint8Array);
    if (!(raw instanceof Uint8Array)) for await (const piece of raw) expect(piece.length).toBeLessThan(2 ** 19);
  });

  test('is the same whether its file is at hand or comes piece by piece', async () => {
    const stored = (pieceBytes: number): StoredFile => ({
      length: file.length,
      async *read() {
        for (let at = 0; at < file.length; at += pieceBytes) yield file.subarray(at, at + pieceBytes);
      },
    });
    const parts = await Promise.all(
      [[file], [stored(1000)], [stored(524_288)]].map((contents) => built({ attachments: [{ filename: 'f' }] }, nobody, contents)),
    );
    const [whole, ...others] = parts.map((raw) => raw.toString().replaceAll(/=_[\w-]+/g, 'boundary'));
    for (const other of others) expect(other === whole).toBe(true);
  });

  test.each<[string, Request, string]>([
    ['its file alone', { attachments: [{ content: file }] }, 'at least 1368424 bytes'],
    ['what it becomes', { text: 'ü'.repeat(500_000), attachments: [] }, 'bytes, files'],
  ])('is refused for %s, saying its size and the limit', (_, content, size) => {
    const filled = create(SubmitRequestSchema, content);
    const build = () =>
      buildMessage(
        filled,
        nobody,
        { maxBytes: 1_200_000 },
        filled.attachments.map((attachment) => attachment.content),
      );
    expect(build).toThrow(size);
    expect(build).toThrow('expected at most 1200000');
  });

  test('is refused before a stored file is read', () => {
    const stored: StoredFile = { length: 2_000_000, read: () => expect.unreachable('it was read') };
    expect(() => buildMessage(request(Buffer.alloc(0)), nobody, { maxBytes: 2_000_000 }, [stored])).toThrow('expected at most 2000000');
  });
});
