import { expect, test } from 'vitest';
import { Room } from './room.ts';

const never = new AbortController().signal;

test('who finds no room waits, and enters in line when there is some', async () => {
  const room = new Room({ bytes: 10 });
  const order: string[] = [];
  await room.enter(8, never);
  const big = room.enter(6, never).then(() => order.push('big'));
  const small = room.enter(1, never).then(() => order.push('small'));
  expect(room.tryEnter(1)).toBe(false);
  expect(order).toEqual([]);
  room.leave(8);
  await Promise.all([big, small]);
  expect(order).toEqual(['big', 'small']);
  expect(room.bytes).toBe(7);
});

test('who is larger than the whole room enters when it is empty', async () => {
  const room = new Room({ bytes: 10 });
  expect(room.tryEnter(100)).toBe(true);
  expect(room.tryEnter(1)).toBe(false);
  room.leave(100);
  expect(room.tryEnter(1)).toBe(true);
});

test('there are only so many places', () => {
  const room = new Room({ bytes: 10, places: 2 });
  expect([room.tryEnter(1), room.tryEnter(1), room.tryEnter(1)]).toEqual([true, true, false]);
});

test('who gives up waiting holds up nobody', async () => {
  const room = new Room({ bytes: 10 });
  await room.enter(5, never);
  const leaving = new AbortController();
  const big = room.enter(8, leaving.signal);
  const small = room.enter(2, never);
  leaving.abort(new Error('gone'));
  await expect(big).rejects.toThrow('gone');
  await expect(small).resolves.toBeUndefined();
  expect(room.bytes).toBe(7);
});

test('what is in memory already counts, whether there is room or not', () => {
  const room = new Room({ bytes: 10 });
  room.force(8);
  room.force(8);
  expect([room.bytes, room.tryEnter(1)]).toEqual([16, false]);
});
