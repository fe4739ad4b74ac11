import { expect, it } from 'vitest';
import { parseReply, ReplyReader } from './smtp-reply.ts';

const read = (...chunks: readonly (string | Buffer)[]) => {
  const reader = new ReplyReader();
  return chunks.flatMap((chunk) => reader.read(Buffer.from(chunk)));
};

it('takes the enhanced code apart from the text', () => {
  expect(read('250 2.0.0 Ok: queued as 7\r\n')).toEqual([{ code: 250, enhanced: '2.0.0', text: 'Ok: queued as 7' }]);
});

it('leaves a reply without an enhanced code as it is', () => {
  expect(read('354 End data with <CR><LF>.<CR><LF>\r\n', '250\r\n')).toEqual([
    { code: 354, text: 'End data with <CR><LF>.<CR><LF>' },
    { code: 250, text: '' },
  ]);
});

it('joins the lines of a long reply, each without its enhanced code', () => {
  expect(read('550-5.1.1 No such\r\n550 5.1.1 user here\r\n')).toEqual([{ code: 550, enhanced: '5.1.1', text: 'No such\nuser here' }]);
});

it('finds several replies in one chunk and one reply in several chunks', () => {
  expect(read('250 a\r\n250 b\r\n2', '50 ', 'c\r', '\n').map(({ text }) => text)).toEqual(['a', 'b', 'c']);
});

it('reads UTF-8 that was cut between two chunks, and leaves other bytes as latin1', () => {
  const bytes = Buffer.from('550 größer\r\n');
  const cut = bytes.indexOf(0xc3) + 1;
  expect(read(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual([{ code: 550, text: 'größer' }]);
  expect(read(Buffer.from('550 gr\xf6\xdfer\r\n', 'latin1'))).toEqual([{ code: 550, text: 'größer' }]);
});

it('refuses what is no reply, and a reply without end', () => {
  expect(() => read('HTTP/1.1 400 Bad Request\r\n')).toThrow('expected an SMTP reply');
  expect(() => read('250-', 'x'.repeat(70_000))).toThrow('without completing a reply');
  expect(() => read(...Array.from({ length: 100 }, () => `250-${'x'.repeat(1000)}\r\n`))).toThrow('without completing a reply');
});

it('parses the text of a whole reply', () => {
  expect(parseReply('535-5.7.8 Authentication\n535 5.7.8 failed')).toEqual({ code: 535, enhanced: '5.7.8', text: 'Authentication\nfailed' });
});
