import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import { expire, file, isLive } from './filing.ts';
import { endLeases } from './leases.ts';

/** What becomes due by time alone. */
export function passTime(state: EngineState, now: Instant): void {
  while (state.calendar.leastKey <= now.wall) {
    const mail = state.calendar.pop();
    if (mail && isLive(mail)) file(state, mail, now);
  }
  while (state.deadlines.leastKey <= now.wall) {
    const mail = state.deadlines.pop();
    if (mail && isLive(mail)) expire(state, mail, now);
  }
  endLeases(state, now);
}

/** Milliseconds until the engine wants to be told the time again; null when nothing waits for it. */
export function nextWake(state: EngineState, now: Instant): number | null {
  const waits = [...state.senders.senders].map((sender) => sender.leaseEndsAt - now.mono);
  if (state.calendar.size > 0) waits.push(state.calendar.leastKey - now.wall);
  if (state.deadlines.size > 0) waits.push(state.deadlines.leastKey - now.wall);
  for (const { name, health, ready, gathering } of state.upstreams) {
    if (gathering.until !== null) waits.push(gathering.until - now.mono);
    // Without a sender that has room there is nobody to probe: one that comes is told at once.
    const canProbe = health.kind === 'down' && health.probe === null && ready.size > 0 && state.senders.roomiest(name);
    if (canProbe) waits.push(health.probeAt - now.mono);
  }
  return waits.length === 0 ? null : Math.max(0, Math.min(...waits));
}
