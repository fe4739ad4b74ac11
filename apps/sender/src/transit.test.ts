import { expect, it } from 'vitest';
import { Transit } from './transit.ts';

it('tells how much longer a word took than the soonest, however far the clocks are apart', () => {
  for (const apart of [-5_000_000, 0, 5_000_000]) {
    const transit = new Transit();
    const words = [
      [1_000, 3],
      [2_000, 1],
      [3_000, 4_001],
      [4_000, 3_001],
    ] as const;
    expect(words.map(([writtenAt, took]) => transit.lateness(writtenAt, writtenAt + took + apart))).toEqual([0, 0, 4_000, 3_000]);
  }
});
