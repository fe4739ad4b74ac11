import { assert, property, string } from 'fast-check';
import { expect, it } from 'vitest';
import { readAddressList } from './address-list.ts';

it('finds the addresses between names, comments and groups', () => {
  expect(readAddressList('a@example.net')).toEqual(['a@example.net']);
  expect(readAddressList(' A <a@example.net>, "B, the <second>" <b@example.net> ,c@example.net')).toEqual([
    'a@example.net',
    'b@example.net',
    'c@example.net',
  ]);
  expect(readAddressList('a@example.net (at home (mostly)), b@example.net')).toEqual(['a@example.net', 'b@example.net']);
  expect(readAddressList('friends: a@example.net, B <b@example.net>;, c@example.net')).toEqual(['a@example.net', 'b@example.net', 'c@example.net']);
  expect(readAddressList('"john smith"@example.net, x@[192.0.2.1], y@[IPv6:2001:db8::1]')).toEqual([
    '"john smith"@example.net',
    'x@[192.0.2.1]',
    'y@[IPv6:2001:db8::1]',
  ]);
  expect(readAddressList('<@relay.example,@other.example:user@example.net>')).toEqual(['user@example.net']);
});

it('finds none where there is none, and leaves a word without a domain as it is', () => {
  expect(readAddressList('undisclosed-recipients:;')).toEqual([]);
  expect(readAddressList(' , ,')).toEqual([]);
  expect(readAddressList('root, <postmaster>')).toEqual(['root', 'postmaster']);
});

it('ends on any text', () => {
  assert(property(string(), (text) => Array.isArray(readAddressList(text))));
  expect(readAddressList('"never closed')).toEqual(['"never closed']);
  expect(readAddressList('a <b@example.net')).toEqual(['b@example.net']);
  expect(readAddressList('(never closed')).toEqual([]);
});
