import { noteUnlisted, type DestinationState, type Round } from './destination-state.ts';
import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import { expire, fileForLater, isLive, isPastDeadline, putBack, readyRecipients, readySince, startByOf } from './filing.ts';
import { closedGate } from './mail-gate.ts';
import type { Started } from './journal.ts';
import type { Mail } from './mail.ts';
import { chooseMember, type Choice } from './member-choice.ts';
import { takeSlots } from './metering.ts';
import { record } from './recording.ts';
import type { Attempt } from './sender-table.ts';

/** Gives the senders what they have room for, destination by destination: one whose upstreams are down or full holds up no other. */
export function dispatch(state: EngineState, now: Instant): void {
  const batches = new Map<string, Attempt[]>();
  state.unfinished = false;
  state.dispatchedAt = now;
  for (const { learning } of state.upstreams) if (learning?.isInForce) learning.pass(now.mono);
  for (const round of state.rounds) takeTurns(state, round, now, batches);
  for (const [sender, attempts] of batches) state.effects.push({ kind: 'send', sender, attempts });
}

/** One mail of each destination in turn, so that none takes all of an upstream that they share. Who gets nothing now gets nothing later in the same step. */
function takeTurns(state: EngineState, round: Round, now: Instant, batches: Map<string, Attempt[]>): void {
  const { destinations } = round;
  for (const destination of destinations) {
    destination.looks = destination.gathering.waits(destination.ready, state.policy.batch, now.mono) ? 0 : looksPerStep;
  }
  for (let idle = 0; idle < destinations.length; round.turn = (round.turn + 1) % destinations.length) {
    const destination = destinations[round.turn] as DestinationState;
    const attempt = destination.looks > 0 ? dispatchOne(state, destination, now) : undefined;
    if (attempt) put(batches, attempt);
    else destination.looks = 0;
    idle = attempt ? 0 : idle + 1;
  }
}

function dispatchOne(state: EngineState, destination: DestinationState, now: Instant): Attempt | undefined {
  const choice = hasMail(destination, now) ? chooseMember(state, destination, now) : undefined;
  const next = choice && takeNext(state, destination, now);
  return next && start(state, choice, next, now);
}

function put(batches: Map<string, Attempt[]>, attempt: Attempt): void {
  const batch = batches.get(attempt.sender);
  if (batch) batch.push(attempt);
  else batches.set(attempt.sender, [attempt]);
}

/** Whether any mail could be dispatched if an upstream took it. */
export function hasMail({ ready, parking }: DestinationState, now: Instant): boolean {
  return ready.size > 0 || parking.isOpen(now);
}

interface Transaction {
  readonly mail: Mail;
  readonly recipients: readonly number[];
  readonly waitedMs: number;
}

/** Mails of one destination that a step looks at in vain: some milliseconds. */
const looksPerStep = 500;

/** The next mail in order that may go; on the way those that may not are dropped from the queue, expired, or parked. */
function takeNext(state: EngineState, destination: DestinationState, now: Instant): Transaction | undefined {
  while (hasMail(destination, now)) {
    if (destination.looks === 0) {
      state.unfinished = true;
      return undefined;
    }
    for (const released of destination.parking.release(now)) putBack(state, released, destination, now);
    const mail = destination.ready.pop();
    const transaction = mail && look(state, destination, mail, now);
    if (transaction) return transaction;
    destination.looks -= 1;
  }
  return undefined;
}

function look(state: EngineState, destination: DestinationState, mail: Mail, now: Instant): Transaction | undefined {
  // Its lane was changed: it stands in the new one's queue as well, and goes from there.
  if (mail.lane.rank !== destination.ready.servedLane.rank) return undefined;
  noteUnlisted(mail, destination);
  if (!isLive(mail) || mail.copying !== 'no') return undefined;
  if (isPastDeadline(state, mail, now)) {
    expire(state, mail, now);
    return undefined;
  }
  const ready = readyRecipients(state, mail, destination, now);
  const open = state.gates.length === 0 ? ready : parkOthers(state, destination, mail, ready, now);
  const most = state.policy.maxRecipientsPerAttempt;
  const recipients = open.length > most ? open.slice(0, most) : open;
  if (recipients.length === 0) {
    // The wall clock may have been set back, so that it waits for its time once more.
    fileForLater(state, mail, now);
    return undefined;
  }
  const waitedMs = Math.max(0, state.clock.steady(now.wall) - readySince(state.clock, mail, now.wall));
  if (recipients.length < open.length) putBack(state, mail, destination, now);
  destination.ready.charge(recipients.length);
  return { mail, recipients, waitedMs };
}

/** The recipients that no gate keeps back. For the others the mail waits where each gate's mail does. */
function parkOthers(state: EngineState, { parking }: DestinationState, mail: Mail, ready: readonly number[], now: Instant): readonly number[] {
  return ready.filter((recipient) => {
    const closed = closedGate(state, mail, recipient, now);
    if (closed) parking.park(closed, mail, startByOf(state, mail, now), now);
    return closed === undefined;
  });
}

function start(state: EngineState, { upstream, sender }: Choice, transaction: Transaction, now: Instant): Attempt {
  const id = `${state.epoch}.${(state.attemptNumber += 1)}`;
  const { mail, recipients, waitedMs } = transaction;
  const given = { id, mail, recipients, waitedMs, upstream: upstream.name, sender: sender.id, begun: false };
  const metering = state.meters.size === 0 ? undefined : takeSlots(state, given, now);
  const attempt: Attempt = metering ? { ...given, metering } : given;
  state.senders.add(attempt);
  upstream.pace.count(now.mono);
  if (upstream.learning?.isInForce) upstream.learning.take(state.senders.underWay(upstream.name), now.mono);
  if (upstream.health.kind === 'down') upstream.health = { ...upstream.health, probe: id };
  recordStart(state, attempt, now);
  return attempt;
}

function recordStart(state: EngineState, { id: attempt, mail, recipients, upstream, sender, metering }: Attempt, now: Instant): void {
  const started: Started = { kind: 'started', at: now.wall, id: mail.ticket.id, attempt, recipients, upstream, sender };
  record(state, mail, metering ? { ...started, limits: metering.meters.map(({ key }) => key) } : started);
}
