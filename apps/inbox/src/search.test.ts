import { afterAll, beforeAll, expect, it } from 'vitest';
import { startInbox, type InboxRig } from './rig.ts';
import { parseQuery } from './search.ts';
import type { MailPage } from './shapes.ts';

let inbox: InboxRig;

beforeAll(async () => {
  inbox = await startInbox();
  await inbox.deliver('From: =?utf-8?q?J=C3=BCrgen?= <j@shop.example>\nSubject: Invoice 7\n\nplease pay', ['anna@example.org']);
  await inbox.deliver(
    'From: Bot <bot@ci.example>\nSubject: Build\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\nPGI+UMOkc3N8PC9iPiBpbnZvaWNlcw==',
    ['bob@example.org'],
  );
});
afterAll(() => inbox.close());

async function found(query: string): Promise<string[]> {
  const { mails } = (await inbox.json(`/api/mails?query=${encodeURIComponent(query)}`)) as MailPage;
  return mails.map((mail) => mail.subject);
}

it.each([
  ['', ['Build', 'Invoice 7']],
  ['invoice', ['Build', 'Invoice 7']],
  ['INVOICE pay', ['Invoice 7']],
  ['subject:invoice', ['Invoice 7']],
  ['jürgen', ['Invoice 7']],
  ['from:ci.example', ['Build']],
  ['to:anna', ['Invoice 7']],
  ['to:anna from:bot', []],
  ['päss', ['Build']],
  ['<b>', []],
])('finds by %j', async (query, subjects) => {
  expect(await found(query)).toEqual(subjects);
});

it('counts what it does not list', async () => {
  expect(await inbox.json('/api/mails?query=invoice&limit=1')).toMatchObject({ total: 2, mails: [{ subject: 'Build' }] });
});

it('looks at the beginning of an endless query only', () => {
  expect(parseQuery('x '.repeat(10_000))).toHaveLength(100);
});
