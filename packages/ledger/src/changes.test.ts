import { expect, test } from 'vitest';
import { Changes } from './changes.ts';

test('only those who asked for a message hear of it, until they ask no more', () => {
  const changes = new Changes();
  const heard: string[] = [];
  const leave = changes.subscribe('a', () => heard.push('first'));
  changes.subscribe('a', () => heard.push('second'));
  changes.subscribe('b', () => heard.push('other'));
  changes.tell([{ id: 'a' }, { id: 'c' }]);
  leave();
  leave();
  changes.tell([{ id: 'a' }]);
  changes.tellAll();
  expect(heard).toEqual(['first', 'second', 'second', 'second', 'other']);
});

test('who leaves twice takes no one else along', () => {
  const changes = new Changes();
  let heard = 0;
  const leave = changes.subscribe('a', () => {});
  leave();
  changes.subscribe('a', () => (heard += 1));
  leave();
  changes.tell([{ id: 'a' }]);
  expect(heard).toBe(1);
});
