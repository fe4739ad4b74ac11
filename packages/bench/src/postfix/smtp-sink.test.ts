import { expect, it } from 'vitest';
import { readCounter } from './smtp-sink.ts';

it('takes the last whole count, wherever the text begins and ends', () => {
  expect(readCounter('sess=1 quit=0 mesg=9\rsess=1 quit=0 mesg=10\rsess=1 quit=0 mesg=1')).toBe(10);
  expect(readCounter('esg=10\rsess=1 quit=0 mesg=11\r')).toBe(11);
  expect(readCounter('sess=1 quit=0 mesg=11\r')).toBe(11);
});

it('knows no count before a whole one has come', () => {
  expect(readCounter('')).toBeUndefined();
  expect(readCounter('sess=1 quit=0 me')).toBeUndefined();
});
