import { expect, it } from 'vitest';
import { findUnoffered, parseCommand, parsePath } from './command.ts';

it('parts the verb from its argument', () => {
  expect(parseCommand('mail FROM:<a@b.c>')).toEqual({ verb: 'MAIL', argument: 'FROM:<a@b.c>' });
  expect(parseCommand('Quit')).toEqual({ verb: 'QUIT', argument: '' });
});

it('reads an address with its ESMTP parameters', () => {
  expect(parsePath('FROM', 'FROM:<a@b.c> BODY=8BITMIME smtputf8 SIZE=12 ENVID=a+3Db=c')).toEqual({
    address: 'a@b.c',
    parameters: { BODY: '8BITMIME', SMTPUTF8: '', SIZE: '12', ENVID: 'a+3Db=c' },
  });
});

it('reads the null sender and a quoted local part', () => {
  expect(parsePath('FROM', 'FROM:<>')).toEqual({ address: '', parameters: {} });
  expect(parsePath('TO', 'to: <"a>\\"b c"@d.e>')?.address).toBe('"a>\\"b c"@d.e');
});

it.each(['a@b.c', 'FROM a@b.c', 'FROM:a@b.c', 'TO:<a@b.c>', 'FROM:<a@b.c', 'FROM:<a@b.c>SIZE=1'])('refuses %s as a sender', (argument) => {
  expect(parsePath('FROM', argument)).toBeUndefined();
});

it('names the parameter that was not on offer', () => {
  const path = { address: 'a@b.c', parameters: { SIZE: '1', BODY: '8BITMIME' } };
  expect(findUnoffered(path, new Set(['SIZE']))).toBe('BODY');
  expect(findUnoffered(path, new Set(['SIZE', '8BITMIME']))).toBeUndefined();
});
