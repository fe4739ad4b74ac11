import { expect, test } from 'vitest';
import { compilePath, fillPath } from './path-template.ts';

test('a variable is one segment, decoded', () => {
  const match = compilePath('/v1/messages/{id}');
  expect(match('/v1/messages/a%20b')).toEqual({ id: 'a b' });
  expect(match('/v1/messages/%zz')).toEqual({ id: '%zz' });
  expect(match('/v1/messages/a/b')).toBeUndefined();
  expect(match('/v1/messages/')).toBeUndefined();
  expect(match('/v1xmessages/a')).toBeUndefined();
});

test('a verb behind a variable is not part of it', () => {
  expect(compilePath('/v1/messages/{id}:cancel')('/v1/messages/a:cancel')).toEqual({ id: 'a' });
  expect(compilePath('/v1/messages/{id}')('/v1/messages/a:cancel')).toBeUndefined();
});

test('a path is filled with encoded fields', () => {
  expect(fillPath('/v1/messages/{id}', { id: 'a/b' })).toBe('/v1/messages/a%2Fb');
});
