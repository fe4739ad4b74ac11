import { Lane, MessageState } from '@posthaste/protocol';
import { expect, it } from 'vitest';
import { lanes, states } from './words.ts';

const namesOf = (words: Readonly<Record<string, string | number>>) =>
  Object.entries(words).flatMap(([name, value]) => (typeof value === 'number' && value > 0 ? [name.toLowerCase()] : []));

it("knows the contract's lanes and states", () => {
  expect([...lanes].sort()).toEqual(namesOf(Lane).sort());
  expect([...states].sort()).toEqual(namesOf(MessageState).sort());
});
