import { hasMail } from '../dispatching.ts';
import type { Instant } from '../engine-input.ts';
import type { EngineState } from '../engine-state.ts';
import type { Meter } from '../meter.ts';
import { limitWindows, limitWindowsMs } from '../upstream-rules.ts';
import { domainScope, upstreamScope, type Share } from './share-table.ts';
import type { ShareUse, ShareUses } from './share-use.ts';

/** How far each limit is used, and whether mail waits for it; what is neither is left out. */
export function shareUsesOf(state: EngineState, now: Instant): ShareUses {
  const uses = new Map<string, ShareUse>();
  const waited = upstreamsWithMail(state, now);
  for (const meter of state.meters.all) {
    const waits = meter.freeAt(now.mono) > now.mono && (waited.has(meter.key) || isParkedFor(state, meter.key));
    if (waits || !meter.isIdle(now.mono)) uses.set(meter.key, { used: usedOf(meter, now.mono), waits });
  }
  for (const [upstream, { inForce }] of state.connectionShares) {
    const { used = {}, waits = false } = uses.get(upstreamScope(upstream)) ?? {};
    // What senders have that were not heard of yet is not known.
    uses.set(upstreamScope(upstream), { used: { ...used, connections: now.mono < state.raisesFrom ? Infinity : inForce }, waits });
  }
  return uses;
}

function upstreamsWithMail({ destinations }: EngineState, now: Instant): Set<string> {
  const waiting = destinations.filter((destination) => hasMail(destination, now));
  return new Set(waiting.flatMap(({ members }) => members.map(({ upstream }) => upstreamScope(upstream.name))));
}

function isParkedFor({ destinations }: EngineState, key: string): boolean {
  return key.startsWith(domainScope('')) && destinations.some(({ parking }) => parking.holdsFor(key));
}

export function usedOf(meter: Meter, mono: number): Share {
  const nameOf = (windowMs: number | null) => limitWindows.find((name) => limitWindowsMs[name] === windowMs) ?? 'concurrency';
  return Object.fromEntries(meter.uses(mono).map(({ windowMs, used }) => [nameOf(windowMs), used]));
}
