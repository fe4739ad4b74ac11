import { expect, test } from 'vitest';
import { MessageFrames, type Frame } from './message-frames.ts';

function framed(bytes: number, flags = 0): Buffer {
  const frame = Buffer.alloc(5 + bytes, 7);
  frame.writeUInt8(flags, 0);
  frame.writeUInt32BE(bytes, 1);
  return frame;
}

const body = Buffer.concat([framed(3), framed(0), framed(300), framed(2, 1)]);
const all: Frame[] = [
  { bytes: 3, compressed: false },
  { bytes: 0, compressed: false },
  { bytes: 300, compressed: false },
  { bytes: 2, compressed: true },
];

test.each([1, 2, 4, 5, 6, 7, 64, body.length])('every frame is seen once, in pieces of %i bytes', (size) => {
  const frames = new MessageFrames();
  const seen: Frame[] = [];
  for (let at = 0; at < body.length; at += size) seen.push(...frames.push(body.subarray(at, at + size)));
  expect(seen).toEqual(all);
  expect(frames.incomplete).toBe(false);
});

test('a message that is not all here is known', () => {
  const frames = new MessageFrames();
  for (const cut of [2, 6]) {
    expect(frames.push(framed(10).subarray(0, cut)).length).toBe(cut < 5 ? 0 : 1);
    expect(frames.incomplete).toBe(true);
    frames.push(framed(10).subarray(cut));
    expect(frames.incomplete).toBe(false);
  }
});
