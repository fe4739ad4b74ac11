import { expect, test } from 'vitest';
import { RoomBySize } from './room-by-size.ts';

const mebibyte = 2 ** 20;
const never = new AbortController().signal;

test('large requests, even those that wait, hold up no small one', async () => {
  const room = new RoomBySize(16 * mebibyte);
  expect(room.tryEnter(14 * mebibyte)).toBe(true);
  const waiting = room.enter(2 * mebibyte, never);
  expect([room.tryEnter(mebibyte), room.tryEnter(mebibyte)]).toEqual([true, true]);
  expect(room.tryEnter(1)).toBe(false);
  room.leave(14 * mebibyte);
  await expect(waiting).resolves.toBeUndefined();
});

test('small requests take nothing of what large ones need', () => {
  const room = new RoomBySize(16 * mebibyte);
  for (let number = 0; number < 10; number += 1) room.force(mebibyte);
  expect(room.tryEnter(mebibyte)).toBe(false);
  expect(room.tryEnter(14 * mebibyte)).toBe(true);
});
