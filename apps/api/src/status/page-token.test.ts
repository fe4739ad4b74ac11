import { expect, test } from 'vitest';
import { decodePageToken, encodePageToken } from './page-token.ts';

const place = { acceptedAt: 1_700_000_000_000, id: '018f0000-0000-7000-8000-000000000000' };

test('a token leads back to its place', () => {
  expect(decodePageToken(encodePageToken(place, 'list'), 'list')).toEqual(place);
});

test.each(['x', '', 'bnVsbA', Buffer.from('[1]').toString('base64url')])('"%s" is refused by the name of its field', (token) => {
  expect(() => decodePageToken(token, 'list')).toThrow('page_token: is no token');
});

test('a token of a list with other filters is refused', () => {
  expect(() => decodePageToken(encodePageToken(place, 'list'), 'other')).toThrow('other filters');
});
