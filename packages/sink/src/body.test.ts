import { describe, expect, it } from 'vitest';
import { BodyReader, unstuffDots } from './body.ts';

function readInPieces(wire: string, pieceBytes: number, maxBytes = 1000): { body: string | undefined; rest: string } {
  const reader = new BodyReader(maxBytes);
  const bytes = Buffer.from(wire);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const rest = reader.push(Buffer.from(bytes.subarray(at, at + pieceBytes)));
    if (rest !== undefined) return { body: reader.finish()?.toString(), rest: rest.toString() + bytes.toString('utf8', at + pieceBytes) };
  }
  throw new Error('no final dot found');
}

const bodies: readonly (readonly [string, string, string])[] = [
  ['an ordinary body', 'Subject: a\r\n\r\nhello\r\n.\r\n', 'Subject: a\r\n\r\nhello\r\n'],
  ['an empty body', '.\r\n', ''],
  ['a body of one empty line', '\r\n.\r\n', '\r\n'],
  ['stuffed dots', '..\r\na\r\n...\r\n..b\r\n.\r\n', '.\r\na\r\n..\r\n.b\r\n'],
  ['one stuffed dot in the first line only', '..a\r\n.\r\n', '.a\r\n'],
  ['bare line ends around a dot', 'a\n.\nb\r.\rc\r\n.\r\n', 'a\n.\nb\r.\rc\r\n'],
  ['a dot before a bare line end', 'a\r\n.\nb\r\n.\r\n', 'a\r\n\nb\r\n'],
];

describe.each(bodies)('%s', (_name, wire, body) => {
  it.each([1, 2, 3, 4, 5, 7, 1000])('is read alike in pieces of %i bytes', (pieceBytes) => {
    expect(readInPieces(`${wire}QUIT\r\n`, pieceBytes)).toEqual({ body, rest: 'QUIT\r\n' });
  });
});

it.each([1, 2, 3, 1000])('takes a body of exactly the limit and no byte more, in pieces of %i bytes', (pieceBytes) => {
  expect(readInPieces('12345678\r\n.\r\n', pieceBytes, 10).body).toBe('12345678\r\n');
  expect(readInPieces('123456789\r\n.\r\n', pieceBytes, 10).body).toBeUndefined();
});

it('unstuffs many lines without copying the whole for each', () => {
  const lines = 200_000;
  expect(unstuffDots(Buffer.from('..\r\n'.repeat(lines))).equals(Buffer.from('.\r\n'.repeat(lines)))).toBe(true);
});
