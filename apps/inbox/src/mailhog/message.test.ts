import { expect, it } from 'vitest';
import type { CaughtMail } from '../mailbox.ts';
import { parseMailHogPath, toMailHog } from './message.ts';

function mailOf(raw: string | Buffer, id = 'id'): CaughtMail {
  const mail = {
    number: 1,
    connection: 1,
    helo: 'client.example',
    from: { address: 'a@example.org', parameters: { BODY: '8BITMIME' } },
    to: [{ address: 'b@example.net', parameters: {} }],
    raw: Buffer.from(raw),
    receivedAt: Date.UTC(2030, 0, 1),
    secured: false,
    replyLost: false,
  };
  return { id, mail };
}

it('has exactly the fields of MailHog', () => {
  expect(toMailHog(mailOf('Subject: hi\r\nX-Long: one\r\n two\r\n\r\nhello\r\n', 'id-1@inbox'), 'inbox')).toEqual({
    ID: 'id-1@inbox',
    From: { Relays: null, Mailbox: 'a', Domain: 'example.org', Params: '' },
    To: [{ Relays: null, Mailbox: 'b', Domain: 'example.net', Params: '' }],
    Content: {
      Headers: {
        Subject: ['hi'],
        'X-Long': ['one two'],
        'Message-ID': ['id-1@inbox'],
        Received: ['from client.example by inbox (Posthaste inbox)\r\n          id id-1@inbox; Tue, 01 Jan 2030 00:00:00 GMT'],
        'Return-Path': ['<a@example.org>'],
      },
      Body: 'hello\r\n',
      Size: 41,
      MIME: null,
    },
    Created: '2030-01-01T00:00:00.000Z',
    MIME: null,
    Raw: { From: 'a@example.org', To: ['b@example.net'], Data: 'Subject: hi\r\nX-Long: one\r\n two\r\n\r\nhello\r\n', Helo: 'client.example' },
  });
});

it('keeps the Message-ID and adds to the Received fields that came', () => {
  const { Headers } = toMailHog(mailOf('message-id: <m@x>\r\nReceived: one\r\nReceived: two\r\n\r\n', 'id-1@inbox'), 'inbox').Content;
  expect(Headers['message-id']).toEqual(['<m@x>']);
  expect(Headers['Message-ID']).toBeUndefined();
  expect(Headers['Received']?.slice(0, 2)).toEqual(['one', 'two']);
  expect(Headers['Received']).toHaveLength(3);
});

it('splits multipart mail as MailHog does, nested parts too', () => {
  const inner = 'Content-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\nContent-Type: text/plain\r\n\r\nhi\r\n--in--\r\n';
  const raw = `Content-Type: multipart/mixed; boundary="o;ut"\r\n\r\n--o;ut\r\n${inner}--o;ut\r\n\r\n\r\nrest\r\n--o;ut--\r\n`;
  const { MIME, Content } = toMailHog(mailOf(raw), 'inbox');
  expect(Content.MIME).toBeNull();
  expect(MIME?.Parts?.map((part) => part.Body)).toEqual(['--in\r\nContent-Type: text/plain\r\n\r\nhi\r\n--in--', 'rest', '--']);
  expect(MIME?.Parts?.[0]?.MIME?.Parts?.[0]).toEqual({ Headers: { 'Content-Type': ['text/plain'] }, Body: 'hi', Size: 30, MIME: null });
});

it.each([
  ['no header at all', 'just text\r\n', 'just text\r\n'],
  ['an empty mail', '', ''],
])('shows %s', (_name, raw, body) => {
  expect(toMailHog(mailOf(raw), 'inbox').Content.Body).toBe(body);
});

it('shows bytes that are not UTF-8 as U+FFFD and counts them as they were', () => {
  const { Content } = toMailHog(mailOf(Buffer.from([0x41, 0x3a, 0x20, 0x42, 0x0d, 0x0a, 0x0d, 0x0a, 0xe4])), 'inbox');
  expect(Content).toMatchObject({ Body: '\ufffd', Size: 9 });
});

it('reads source routes and the null sender', () => {
  expect(parseMailHogPath('@one,@two:c@d')).toEqual({ Relays: ['@one', '@two'], Mailbox: 'c', Domain: 'd', Params: '' });
  expect(parseMailHogPath('')).toEqual({ Relays: null, Mailbox: '', Domain: '', Params: '' });
});

it('takes hostile mail apart in a moment', () => {
  const nested = Array.from({ length: 5000 }, (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`).join('');
  for (const raw of [
    nested,
    `${'A: b\r\n'.repeat(200_000)}\r\n`,
    `Content-Type: multipart/mixed; boundary=x\r\n\r\n--x${'\r\n'.repeat(200_000)}a--x`,
  ]) {
    expect(toMailHog(mailOf(raw), 'inbox').Raw.Data).toBe(raw);
  }
});
