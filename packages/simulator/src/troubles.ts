import type { Random } from '@posthaste/core/simulation';
import type { Trouble } from './workload.ts';

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** When a trouble is there, up to `until`: drawn before the beginning, so that it does not depend on what is decided meanwhile. */
export function stretchesOf(trouble: Trouble, until: number, random: Random): Stretch[] {
  if (trouble.kind === 'at') return [{ from: trouble.atMs, to: trouble.atMs + trouble.forMs }];
  const stretches: Stretch[] = [];
  for (let from = random.below(2 * trouble.everyMs); from < until; from += trouble.forMs + random.below(2 * trouble.everyMs)) {
    stretches.push({ from, to: from + trouble.forMs });
  }
  return stretches;
}

export function isIn(stretches: readonly Stretch[], at: number): boolean {
  return stretches.some(({ from, to }) => from <= at && at < to);
}
