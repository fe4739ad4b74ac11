import { expect, it } from 'vitest';
import { ReadRoom } from './read-room.ts';

const never = new AbortController().signal;

/** Reads that settle when they are told to, and which of them have begun. */
function rig(places: number) {
  const room = new ReadRoom(places);
  const begun: string[] = [];
  const read = (name: string, signal: AbortSignal = never) => {
    const answer = Promise.withResolvers<string>();
    const result = room.run(() => (begun.push(name), answer.promise), signal);
    result.catch(() => {});
    return { result, resolve: () => answer.resolve(name), reject: () => answer.reject(new Error(`${name} failed`)) };
  };
  return { begun, read };
}

it('begins as many reads as there are places, and the others in the order in which they came', async () => {
  const { begun, read } = rig(2);
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => read(name));
  await Promise.resolve();
  expect(begun).toEqual(['a', 'b']);
  b!.resolve();
  expect(await b!.result).toBe('b');
  a!.resolve();
  await a!.result;
  const late = read('late');
  c!.resolve();
  await c!.result;
  d!.resolve();
  late.resolve();
  expect([await d!.result, await late.result]).toEqual(['d', 'late']);
  expect(begun).toEqual(['a', 'b', 'c', 'd', 'late']);
});

it('gives the place of a read that failed to the next', async () => {
  const { read } = rig(1);
  const [first, second, third] = ['first', 'second', 'third'].map((name) => read(name));
  first!.reject();
  await expect(first!.result).rejects.toThrow('first failed');
  second!.reject();
  await expect(second!.result).rejects.toThrow('second failed');
  third!.resolve();
  expect(await third!.result).toBe('third');
});

it('lets whoever gives up leave the line, and never begins that read', async () => {
  const { begun, read } = rig(1);
  const leaving = new AbortController();
  const first = read('first');
  const second = read('second', leaving.signal);
  const third = read('third');
  leaving.abort(new Error('gone'));
  await expect(second.result).rejects.toThrow('gone');
  await expect(read('fourth', leaving.signal).result).rejects.toThrow('gone');
  first.resolve();
  third.resolve();
  expect(await third.result).toBe('third');
  expect(begun).toEqual(['first', 'third']);
});
