import { expect, it } from 'vitest';
import { chooseCases, nameOf } from './throughput.ts';

it('has both modes, three sizes and two numbers of sessions', () => {
  expect(chooseCases([])).toHaveLength(12);
});

it('takes the cases that have one of the words in their name', () => {
  expect(chooseCases(['fast/10KiB/20', 'durable/1KiB']).map(nameOf)).toEqual(['fast/10KiB/20', 'durable/1KiB/20', 'durable/1KiB/100']);
});

it('says which cases there are when none is meant', () => {
  expect(() => chooseCases(['quick'])).toThrow("--only came as 'quick', expected part of one of fast/1KiB/20");
});
