import { expect, it } from 'vitest';
import { readCounter } from './smtp-sink.ts';

it('takes the last whole count and keeps what came in part', () => {
  expect(readCounter('sess=1 quit=0 mesg=9\rsess=1 quit=0 mesg=10\rsess=1 quit=0 mesg=1')).toEqual({ mails: 10, rest: 'sess=1 quit=0 mesg=1' });
  expect(readCounter('sess=1 quit=0 mesg=11\r')).toEqual({ mails: 11, rest: '' });
});

it('knows no count before a whole one has come', () => {
  expect(readCounter('sess=1 quit=0 me')).toEqual({ mails: undefined, rest: 'sess=1 quit=0 me' });
});
