/** What an upstream is thought to take, in messages a second or in attempts at once. Times are monotonic, milliseconds. */
export interface LearnedBound {
  readonly value: number;
  /** What it was really given when it complained last, or half of what that was before: one small complaint does not make it forget what it can. */
  readonly peak: number;
  /** Up to when its climbing has been reckoned. */
  readonly climbedAt: number;
  /** When it last kept anything back. */
  readonly reachedAt: number;
}

/** How slowly it climbs: this part of the peak in each step; above the peak, of itself. */
const climbEveryMs = 10_000;
const climbPart = 0.05;
/** Nothing was kept back for so long: it is above what is asked for. */
const forgottenAfterMs = 600_000;

/** It complained of what it was given. `to`: the part of that which it is given from now on. */
export function fall(bound: LearnedBound | null, given: number, to: number, floor: number, mono: number): LearnedBound {
  const value = Math.max(floor, Math.min(bound?.value ?? Infinity, given) * to);
  return { value, peak: Math.max(given, (bound?.peak ?? 0) / 2, floor), climbedAt: mono, reachedAt: mono };
}

/** By time alone. Null: forgotten. */
export function climb(bound: LearnedBound, mono: number): LearnedBound | null {
  if (mono - bound.reachedAt >= forgottenAfterMs) return null;
  const steps = Math.floor((mono - bound.climbedAt) / climbEveryMs);
  if (steps <= 0) return bound;
  let { value } = bound;
  for (let step = 0; step < steps; step += 1) value += climbPart * Math.max(bound.peak, value);
  return { ...bound, value, climbedAt: bound.climbedAt + steps * climbEveryMs };
}
