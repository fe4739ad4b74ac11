import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import { expire, file, isLive } from './filing.ts';
import { endLeases } from './leases.ts';

/** What becomes due by time alone. */
export function passTime(state: EngineState, now: Instant): void {
  for (let entry = state.calendar.peek(); entry && entry.due <= now.wall; entry = state.calendar.peek()) {
    state.calendar.pop();
    if (isLive(state, entry.mail)) file(state, entry.mail, now);
  }
  for (let mail = state.deadlines.peek(); mail && (mail.ticket.deadline ?? Infinity) <= now.wall; mail = state.deadlines.peek()) {
    state.deadlines.pop();
    if (isLive(state, mail)) expire(state, mail, now);
  }
  endLeases(state, now);
}

/** Milliseconds until the engine wants to be told the time again; null when nothing waits for it. */
export function nextWake(state: EngineState, now: Instant): number | null {
  const waits = [...state.senders.senders].map((sender) => sender.leaseEndsAt - now.mono);
  const due = state.calendar.peek()?.due;
  if (due !== undefined) waits.push(due - now.wall);
  const deadline = state.deadlines.peek()?.ticket.deadline;
  if (deadline !== undefined) waits.push(deadline - now.wall);
  for (const { name, health, ready } of state.upstreams) {
    // Without a sender that has room there is nobody to probe: one that comes is told at once.
    const canProbe = health.kind === 'down' && health.probe === null && ready.size > 0 && state.senders.roomiest(name);
    if (canProbe) waits.push(health.probeAt - now.mono);
  }
  return waits.length === 0 ? null : Math.max(0, Math.min(...waits));
}
