import { allotAll } from './allotting.ts';
import type { DestinationState } from './destination-state.ts';
import { hasMail } from './dispatching.ts';
import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import { expire, file, isLive } from './filing.ts';
import type { Heap } from './heap.ts';
import { endLeases } from './leases.ts';
import type { Mail } from './mail.ts';
import { opensAt } from './member-choice.ts';
import { endSuspensions, nextExpiry } from './operation/suspension-gate.ts';
import { afterTime } from './upstream-health.ts';

/** What time alone moves in one go. A wall clock that is set ahead may make a day's mail due at once: the rest follows in the next ones. */
const mostAtOnce = 2_000;

/** What becomes due by time alone. */
export function passTime(state: EngineState, now: Instant): void {
  const steady = state.clock.steady(now.wall);
  let left = mostAtOnce;
  // First what ends, so that nothing is made ready that has expired.
  left = takeDue(state.deadlines, now.wall, left, (mail) => end(state, mail, now));
  left = takeDue(state.lifetimes, steady, left, (mail) => end(state, mail, now));
  left = takeDue(state.calendar, steady, left, (mail) => file(state, mail, now));
  takeDue(state.appointments, now.wall, left, (mail) => file(state, mail, now));
  endSuspensions(state, now);
  endLeases(state, now);
  allotAll(state, now);
  for (const upstream of state.upstreams) upstream.health = afterTime(upstream.health, now);
}

function takeDue(heap: Heap<Mail>, now: number, most: number, act: (mail: Mail) => void): number {
  let left = most;
  for (; left > 0 && heap.leastKey <= now; left -= 1) {
    const mail = heap.pop();
    if (mail && isLive(mail)) act(mail);
  }
  return left;
}

/** A sender looks at the deadline by itself; it cannot know that the wall clock was set past it. */
function end(state: EngineState, mail: Mail, now: Instant): void {
  recall(state, mail);
  expire(state, mail, now);
}

function recall(state: EngineState, mail: Mail): void {
  const recalled = new Map<string, Set<string>>();
  for (const recipientState of mail.states) {
    if (recipientState.kind !== 'sending') continue;
    const { sender, attempt } = recipientState;
    recalled.set(sender, (recalled.get(sender) ?? new Set()).add(attempt));
  }
  for (const [sender, attempts] of recalled) state.effects.push({ kind: 'cancel', sender, attempts: [...attempts] });
}

/** Milliseconds until the engine wants to be told the time again; null when nothing waits for it. */
export function nextWake(state: EngineState, now: Instant): number | null {
  if (state.unfinished) return 0;
  const waits = [...state.senders.senders].map((sender) => sender.leaseEndsAt - now.mono);
  for (const heap of [state.calendar, state.lifetimes]) if (heap.size > 0) waits.push(heap.leastKey - state.clock.steady(now.wall));
  for (const heap of [state.appointments, state.deadlines]) if (heap.size > 0) waits.push(heap.leastKey - now.wall);
  waits.push(nextExpiry(state, now));
  if (state.connectionShares.size > 0 && state.raisesFrom > now.mono) waits.push(state.raisesFrom - now.mono);
  for (const { health } of state.upstreams) if (health.kind === 'recovering') waits.push(health.wellAt - now.mono);
  for (const destination of state.destinations) waits.push(wakeOf(state, destination, now));
  const soonest = Math.min(...waits);
  return soonest === Infinity ? null : Math.max(0, soonest);
}

/**
 * Infinity: nothing that time alone could bring. Without a sender that has room there is nobody to dispatch to: one that comes is heard at once. What was
 * possible at the last step and did not happen waits for something else.
 */
function wakeOf(state: EngineState, destination: DestinationState, now: Instant): number {
  const { members, parking, gathering } = destination;
  const mailAt = hasMail(destination, now) ? (gathering.until ?? -Infinity) : parking.nextLook;
  if (mailAt === Infinity) return Infinity;
  let wakeAt = Infinity;
  for (const member of members) {
    const at = Math.max(mailAt, opensAt(state, destination, member, now));
    if (at > state.dispatchedAt.mono && at < wakeAt && state.senders.roomiest(member.upstream.name)) wakeAt = at;
  }
  return wakeAt - now.mono;
}
