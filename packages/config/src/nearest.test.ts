import { expect, it } from 'vitest';
import { didYouMean, nearest } from './nearest.ts';

it('finds what was most likely meant', () => {
  expect(nearest('stauts', ['up', 'status', 'version'])).toBe('status');
  expect(nearest('relay.idletimeout', ['relay.idleTimeout', 'relay.listen'])).toBe('relay.idleTimeout');
});

it('stays silent when nothing is near', () => {
  expect(nearest('banana', ['up', 'status'])).toBeUndefined();
  expect(didYouMean('banana', ['up', 'status'])).toBe('');
});

it('takes neighbours that changed places for one slip', () => {
  expect(nearest('stauts', ['stats', 'status'])).toBe('status');
});
