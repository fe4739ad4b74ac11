import { expect, test } from 'vitest';
import { isAddress, parseMailbox } from './address.ts';

test.each([
  'a@example.org',
  'a.b+c@sub.example.org',
  '"a b"@example.org',
  'zoë@exämple.org',
  'a@[192.0.2.1]',
  'a@[IPv6:2001:db8::1]',
  "o'brien@example.org",
  'postmaster@localhost',
  '用户@例子.广告',
])('%s is an address', (text) => expect(isAddress(text)).toBe(true));

test.each([
  '',
  'a',
  'a@',
  '@b',
  'a@b@c',
  'a b@example.org',
  'a@b..c',
  'a..b@c',
  '.a@c',
  'a@-b',
  '<a@b>',
  'a@b,c@d',
  'a@b\r\nX: y',
  `${'x'.repeat(65)}@b`,
  `a@${'b'.repeat(255)}`,
])('"%s" is no address', (text) => expect(isAddress(text)).toBe(false));

test.each([
  ['a@example.org', { name: '', address: 'a@example.org' }],
  ['  a@example.org ', { name: '', address: 'a@example.org' }],
  ['Zoë Müller <zoe@example.org>', { name: 'Zoë Müller', address: 'zoe@example.org' }],
  ['"Müller, Zoë \\"Z\\"" <zoe@example.org>', { name: 'Müller, Zoë "Z"', address: 'zoe@example.org' }],
  ['<a@example.org>', { name: '', address: 'a@example.org' }],
  ['<a@example.org> <b@example.org>', undefined],
  ['a@example.org <nobody>', undefined],
])('%s is read as a mailbox', (text, mailbox) => expect(parseMailbox(text)).toEqual(mailbox));
