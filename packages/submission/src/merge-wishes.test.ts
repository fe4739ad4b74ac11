import { expect, it } from 'vitest';
import { mergeWishes } from './merge-wishes.ts';
import type { Cover } from './submission.ts';

const cover = (more: Partial<Cover>): Cover => ({ envelope: { from: '', recipients: [] }, protocol: 'SMTP', ...more });

it.each([
  ['defaults hold for a silent message', { defaults: { lane: 'low', tags: { app: 'shop' } } }, {}, { lane: 'low', tags: { app: 'shop' } }],
  ['headers win over defaults', { defaults: { lane: 'low' } }, { lane: 'high', ttlMs: 5 }, { lane: 'high', ttlMs: 5 }],
  ['wishes win over both', { defaults: { lane: 'low' }, wishes: { lane: 'normal' } }, { lane: 'high' }, { lane: 'normal' }],
  ['tags add up by name', { defaults: { tags: { a: '1', b: '1' } } }, { tags: { b: '2', c: '2' } }, { tags: { a: '1', b: '2', c: '2' } }],
  ['without defaults all is as before', { wishes: { tags: { a: '1' } } }, { tags: { b: '2' }, lane: 'high' }, { tags: { a: '1' }, lane: 'high' }],
] as const)('%s', (_, more, header, merged) => {
  expect(mergeWishes(cover(more), header)).toEqual(merged);
});
