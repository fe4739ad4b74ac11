import { dottedMail, eightBitMail, seededRandom } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { DotStuffing } from './dot-stuffing.ts';

function stuffed(...pieces: readonly (string | Buffer)[]): string {
  const stuffing = new DotStuffing();
  const written = pieces.map((piece) => stuffing.stuff(Buffer.from(piece)));
  return Buffer.concat([...written, stuffing.end()]).toString('latin1');
}

/** What a receiver makes of it (RFC 5321, 4.5.2). */
function received(wire: string): string {
  return wire.slice(0, -'.\r\n'.length).replace(/(^|\r\n)\./g, '$1');
}

it.each([
  ['nothing', '', '.\r\n'],
  ['a line', 'a\r\n', 'a\r\n.\r\n'],
  ['a lone dot', '.\r\n', '..\r\n.\r\n'],
  ['dots in front', 'a\r\n.\r\n..b\r\n', 'a\r\n..\r\n...b\r\n.\r\n'],
  ['a dot inside a line', 'a.b\r\n', 'a.b\r\n.\r\n'],
  ['a missing final CRLF', 'a', 'a\r\n.\r\n'],
  ['a final dot without CRLF', 'a\r\n.', 'a\r\n..\r\n.\r\n'],
])('writes %s', (_, body, wire) => {
  expect(stuffed(body)).toBe(wire);
});

it('doubles a dot after a bare CR or LF too, so that no upstream can take it for the end', () => {
  expect(stuffed('a\n.\nb\r.\rc\r\n')).toBe('a\n..\nb\r..\rc\r\n.\r\n');
});

it.each([
  ['dots', dottedMail(1)],
  ['8-bit bytes', eightBitMail(2)],
  ['a long line', Buffer.from(`${'x'.repeat(100_000)}\r\n.${'y'.repeat(5000)}\r\n`)],
])('gives the receiver the same bytes for %s, however they are cut', (_, body) => {
  const random = seededRandom(3);
  for (let round = 0; round < 200; round++) {
    const cuts = [0, ...Array.from({ length: 5 }, () => Math.floor(random() * body.length)).sort((a, b) => a - b), body.length];
    const pieces = cuts.slice(1).map((cut, index) => body.subarray(cuts[index], cut));
    expect(received(stuffed(...pieces))).toBe(body.toString('latin1'));
  }
});
