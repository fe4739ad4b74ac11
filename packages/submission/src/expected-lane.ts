import { didYouMean } from '@posthaste/config/nearest';
import type { LaneTable } from '@posthaste/core';

/** For a sentence that refuses a lane: those that there are, and the one that may have been meant. */
export function expectedLane(word: string, { names }: LaneTable): string {
  return `one of ${names.join(', ')}${didYouMean(word, names)}`;
}
