/** Whether an upstream can be used. While it is down one attempt at a time finds out whether it is back. Times are monotonic. */
export type UpstreamHealth = { readonly kind: 'up' } | UpstreamDown;

export interface UpstreamDown {
  readonly kind: 'down';
  /** When the outage began, wall clock, for the operator: a probe that fails does not begin another one. */
  readonly since: number;
  /** What the last attempt to use it ran into, in words. */
  readonly trouble: string;
  readonly probeAt: number;
  readonly probeDelayMs: number;
  /** The attempt that is finding out, if one is on its way. */
  readonly probe: string | null;
}

const firstProbeDelayMs = 1_000;
const longestProbeDelayMs = 30_000;

export const up: UpstreamHealth = { kind: 'up' };

/** After an attempt that found the upstream unusable. Only the probe's failure lengthens the wait: others were under way before. */
export function afterTrouble(health: UpstreamHealth, attempt: string, trouble: string, now: { wall: number; mono: number }): UpstreamHealth {
  if (health.kind === 'up') {
    return { kind: 'down', since: now.wall, trouble, probeAt: now.mono + firstProbeDelayMs, probeDelayMs: firstProbeDelayMs, probe: null };
  }
  if (health.probe !== attempt) return { ...health, trouble };
  const probeDelayMs = Math.min(health.probeDelayMs * 2, longestProbeDelayMs);
  return { ...health, trouble, probeAt: now.mono + probeDelayMs, probeDelayMs, probe: null };
}

/** A probe that ended without a word of the upstream (its sender went away) frees the place for the next one. */
export function withoutProbe(health: UpstreamHealth, attempt: string): UpstreamHealth {
  return health.kind === 'down' && health.probe === attempt ? { ...health, probe: null } : health;
}

/** How many attempts may be dispatched now. */
export function admits(health: UpstreamHealth, monoNow: number): number {
  if (health.kind === 'up') return Infinity;
  return health.probe === null && health.probeAt <= monoNow ? 1 : 0;
}

/** When it will admit something if nothing is heard meanwhile, monotonic; -Infinity: it does already. */
export function admitsAt(health: UpstreamHealth): number {
  if (health.kind === 'up') return -Infinity;
  return health.probe === null ? health.probeAt : Infinity;
}
