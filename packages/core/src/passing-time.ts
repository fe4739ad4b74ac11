import { hasMail } from './dispatching.ts';
import type { Instant } from './engine-input.ts';
import type { EngineState, UpstreamState } from './engine-state.ts';
import { expire, file, isLive } from './filing.ts';
import { endLeases } from './leases.ts';
import { admitsAt } from './upstream-health.ts';

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
  if (state.unfinished) return 0;
  const waits = [...state.senders.senders].map((sender) => sender.leaseEndsAt - now.mono);
  if (state.calendar.size > 0) waits.push(state.calendar.leastKey - now.wall);
  if (state.deadlines.size > 0) waits.push(state.deadlines.leastKey - now.wall);
  for (const upstream of state.upstreams) waits.push(wakeOf(state, upstream, now));
  const soonest = Math.min(...waits);
  return soonest === Infinity ? null : Math.max(0, soonest);
}

/** Infinity: nothing that time alone could bring. Without a sender that has room there is nobody to dispatch to: one that comes is heard at once. */
function wakeOf(state: EngineState, upstream: UpstreamState, now: Instant): number {
  const mailAt = hasMail(upstream, now) ? (upstream.gathering.until ?? -Infinity) : upstream.parking.nextLook;
  const wakeAt = Math.max(mailAt, admitsAt(upstream.health));
  return Math.abs(wakeAt) === Infinity || !state.senders.roomiest(upstream.name) ? Infinity : wakeAt - now.mono;
}
