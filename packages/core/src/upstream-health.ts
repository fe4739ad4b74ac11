import type { Instant } from './engine-input.ts';
import type { BreakerRule } from './upstream-rules.ts';

/** Whether an upstream can be used: its circuit breaker. Only `since` is wall clock, all else is monotonic. */
export type UpstreamHealth = UpstreamUp | UpstreamDown | UpstreamRecovering;

export interface UpstreamUp {
  readonly kind: 'up';
  /** Failures since it was last heard of. */
  readonly failures: number;
  /** One of them befell an attempt: it may answer health checks and no mail. */
  readonly failsMail: boolean;
}

/** Open: one probe at a time finds out whether it is back, an attempt or a health check. */
export interface UpstreamDown {
  readonly kind: 'down';
  /** When the outage began: a probe that fails does not begin another one. */
  readonly since: number;
  /** What the last attempt to use it ran into, in words. */
  readonly trouble: string;
  readonly probeAt: number;
  readonly probeDelayMs: number;
  /** The attempt that is finding out, if one is on its way. */
  readonly probe: string | null;
}

/** It answers again: used like one that is up where nothing else is, but mail does not return to it from an upstream that is up. */
export interface UpstreamRecovering {
  readonly kind: 'recovering';
  /** When it answered again. */
  readonly since: number;
  readonly failures: number;
  readonly failsMail: boolean;
  /** Healthy until then, it counts as up. */
  readonly wellAt: number;
}

export const up: UpstreamUp = { kind: 'up', failures: 0, failsMail: false };

/** After an attempt (null: a health check) that found it unusable. While it is down only the probe's failure lengthens the wait: other attempts were under way before. */
export function afterTrouble(health: UpstreamHealth, rule: BreakerRule, attempt: string | null, trouble: string, now: Instant): UpstreamHealth {
  if (health.kind !== 'down') return afterFailure(health, rule, attempt !== null, trouble, now);
  const wasProbing = attempt === null ? health.probe === null : health.probe === attempt;
  if (!wasProbing) return { ...health, trouble };
  const probeDelayMs = Math.min(health.probeDelayMs * 2, rule.longestProbeMs);
  return { ...health, trouble, probeAt: now.mono + probeDelayMs, probeDelayMs, probe: null };
}

function afterFailure(health: UpstreamUp | UpstreamRecovering, rule: BreakerRule, ofMail: boolean, trouble: string, now: Instant): UpstreamHealth {
  const failures = health.failures + 1;
  const failsMail = health.failsMail || ofMail;
  if (failures >= rule.failures) {
    return { kind: 'down', since: now.wall, trouble, probeAt: now.mono + rule.firstProbeMs, probeDelayMs: rule.firstProbeMs, probe: null };
  }
  return health.kind === 'up' ? { kind: 'up', failures, failsMail } : { ...health, failures, failsMail, wellAt: now.mono + rule.healthyMs };
}

/** After a word of its own to an attempt. */
export function afterWord(health: UpstreamHealth, rule: BreakerRule, now: Instant): UpstreamHealth {
  switch (health.kind) {
    case 'up':
      return up;
    case 'down':
      return { kind: 'recovering', since: now.wall, failures: 0, failsMail: false, wellAt: now.mono + rule.healthyMs };
    case 'recovering':
      return health.failures === 0 ? health : { ...health, failures: 0, failsMail: false };
  }
}

/** After a health check that it passed. That clears no failure under mail: who answers NOOP may still leave every mail without an answer. */
export function afterPassedCheck(health: UpstreamHealth, rule: BreakerRule, now: Instant): UpstreamHealth {
  return health.kind !== 'down' && health.failsMail ? health : afterWord(health, rule, now);
}

/** By time alone: what has been healthy for long enough is up. */
export function afterTime(health: UpstreamHealth, now: Instant): UpstreamHealth {
  return health.kind === 'recovering' && health.wellAt <= now.mono ? up : health;
}

/** A probe that ended without a word of the upstream (its sender went away) frees the place for the next one. */
export function withoutProbe(health: UpstreamHealth, attempt: string): UpstreamHealth {
  return health.kind === 'down' && health.probe === attempt ? { ...health, probe: null } : health;
}

/** When one that is down may be given the next attempt that finds out; Infinity: one is on its way. */
export function probesAt(health: UpstreamDown): number {
  return health.probe === null ? health.probeAt : Infinity;
}
