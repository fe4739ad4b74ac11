import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readInput } from './read-input.ts';

const read = async (chunks: readonly string[], dotEnds: boolean) =>
  (await readInput(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), dotEnds)).toString();

it('ends at a lone dot, wherever the chunks are cut, unless told not to', async () => {
  const text = 'one\n..two\n.three\n.\nafter\n';
  for (let cut = 0; cut <= text.length; cut += 1) expect(await read([text.slice(0, cut), text.slice(cut)], true)).toBe('one\n..two\n.three\n');
  expect(await read(text.split(''), true)).toBe('one\n..two\n.three\n');
  expect(await read([text], false)).toBe(text);
  expect(await read(['a\r\n.\r\n'], true)).toBe('a\r\n');
  expect(await read(['a\n.'], true)).toBe('a\n');
  expect(await read(['.\n'], true)).toBe('');
  expect(await read(['a.\n'], true)).toBe('a.\n');
});

it('does not wait for more after the dot', async () => {
  const terminal = new PassThrough();
  const reading = readInput(terminal, true);
  terminal.write('one\n.');
  terminal.write('\n');
  expect((await reading).toString()).toBe('one\n');
});
