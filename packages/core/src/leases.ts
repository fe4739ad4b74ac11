import { joinShares, leaveShares } from './allotting.ts';
import type { Hello, Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import { askAgain } from './operation/asking.ts';
import { abandon, conclude, takeReport } from './outcome.ts';
import type { Attempt, Sender } from './sender-table.ts';

/**
 * A sender opens its stream and says what it holds. That settles every attempt given to it: held ones go on, reported ones end, and
 * what is neither never reached it and is ready again.
 */
export function welcome(state: EngineState, hello: Hello, now: Instant): void {
  const sender = state.senders.meet(hello.sender, now.mono);
  sender.connected = true;
  renew(state, sender, now);
  sender.windows.clear();
  for (const { upstream, window } of hello.credits) sender.windows.set(upstream, window);
  joinShares(state, hello.sender, hello.credits, now);
  reconcile(state, hello, now);
}

function reconcile(state: EngineState, hello: Hello, now: Instant): void {
  const held = new Map(hello.held.map(({ attempt, begun }) => [attempt, begun]));
  const reported = new Set(hello.outcomes.map(({ attempt }) => attempt));
  for (const attempt of state.senders.attemptsOf(hello.sender)) {
    const begun = held.get(attempt.id);
    if (begun !== undefined) keep(state, attempt, begun);
    else if (!reported.has(attempt.id)) conclude(state, attempt, { attempt: attempt.id, id: attempt.mail.ticket.id, recipients: [] }, now);
  }
  const unknown = [...held.keys()].filter((attempt) => state.senders.attempt(attempt)?.sender !== hello.sender);
  if (unknown.length > 0) state.effects.push({ kind: 'cancel', sender: hello.sender, attempts: unknown });
  for (const outcome of hello.outcomes) takeReport(state, outcome, now, false);
  if (reported.size > 0) state.effects.push({ kind: 'acknowledge', sender: hello.sender, attempts: [...reported] });
}

function keep(state: EngineState, attempt: Attempt, begun: boolean): void {
  attempt.begun = begun;
  askAgain(state, attempt);
}

/** Any word of a sender renews its lease. */
export function hear(state: EngineState, sender: string, now: Instant): void {
  const known = state.senders.find(sender);
  if (known) renew(state, known, now);
}

function renew(state: EngineState, sender: Sender, now: Instant): void {
  sender.leaseEndsAt = now.mono + state.policy.senderLeaseMs;
}

export function disconnect(state: EngineState, sender: string, now: Instant): void {
  const known = state.senders.find(sender);
  if (known) known.connected = false;
  leaveShares(state, sender, false, now);
}

/** What an overdue sender had not begun is ready again; what it had begun is in doubt. */
export function endLeases(state: EngineState, now: Instant): void {
  for (const sender of [...state.senders.senders]) {
    if (sender.leaseEndsAt > now.mono) continue;
    for (const attempt of state.senders.attemptsOf(sender.id)) abandon(state, attempt, now);
    state.senders.forget(sender.id);
    leaveShares(state, sender.id, true, now);
    if (sender.connected) state.effects.push({ kind: 'dismiss', sender: sender.id });
  }
}
