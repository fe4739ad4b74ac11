import { expect, it } from 'vitest';
import { isUsable } from './version.ts';

it.each(['2.15.0', '2.15.1', '2.16.0', '3.0.0', '2.100.0', '2.15.1-RC.1'])('takes %s', (version) => {
  expect(isUsable(version)).toBe(true);
});

it.each(['2.9.10', '2.14.9', '1.99.99', '2.15.0-RC.1'])('refuses %s', (version) => {
  expect(isUsable(version)).toBe(false);
});
