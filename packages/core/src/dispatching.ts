import type { Instant } from './engine-input.ts';
import type { EngineState, UpstreamState } from './engine-state.ts';
import { expire, file, isLive, isPastDeadline, list, readyRecipients, readySince, startByOf } from './filing.ts';
import { closedGate } from './mail-gate.ts';
import type { Mail } from './mail.ts';
import { record } from './recording.ts';
import type { Attempt, Sender } from './sender-table.ts';
import { admits } from './upstream-health.ts';

/** Gives the senders what they have room for, upstream by upstream: one that is down or full holds up no other. */
export function dispatch(state: EngineState, now: Instant): void {
  const batches = new Map<string, Attempt[]>();
  state.unfinished = false;
  for (let index = 0; index < state.upstreams.length; index += 1) dispatchTo(state, index, now, batches);
  for (const [sender, attempts] of batches) state.effects.push({ kind: 'send', sender, attempts });
}

function dispatchTo(state: EngineState, index: number, now: Instant, batches: Map<string, Attempt[]>): void {
  const upstream = state.upstreams[index] as UpstreamState;
  if (upstream.gathering.waits(upstream.ready, state.policy.batch, now.mono)) return;
  const patience = { left: looksPerStep };
  for (let left = admits(upstream.health, now.mono); left > 0 && hasMail(upstream, now); left -= 1) {
    const sender = state.senders.roomiest(upstream.name);
    const next = sender && takeNext(state, upstream, index, patience, now);
    if (!next) return;
    const attempt = start(state, upstream, sender, next, now);
    const batch = batches.get(sender.id);
    if (batch) batch.push(attempt);
    else batches.set(sender.id, [attempt]);
  }
}

/** Whether any mail could be dispatched if its upstream took it. */
export function hasMail({ ready, parking }: UpstreamState, now: Instant): boolean {
  return ready.size > 0 || parking.isOpen(now);
}

interface Transaction {
  readonly mail: Mail;
  readonly recipients: readonly number[];
  readonly waitedMs: number;
}

/** Mails of one upstream that a step looks at in vain: some milliseconds. */
const looksPerStep = 500;

interface Patience {
  left: number;
}

/** The next mail in order that may go; on the way those that may not are dropped from the queue, expired, or parked. */
function takeNext(state: EngineState, upstream: UpstreamState, index: number, patience: Patience, now: Instant): Transaction | undefined {
  while (hasMail(upstream, now)) {
    if (patience.left === 0) {
      state.unfinished = true;
      return undefined;
    }
    for (const released of upstream.parking.release(now)) list(state, released, index, now);
    const mail = upstream.ready.pop();
    const transaction = mail && look(state, upstream, index, mail, now);
    if (transaction) return transaction;
    patience.left -= 1;
  }
  return undefined;
}

function look(state: EngineState, upstream: UpstreamState, index: number, mail: Mail, now: Instant): Transaction | undefined {
  // Its lane was changed: it stands in the new one's queue as well, and goes from there.
  if (mail.lane !== upstream.ready.servedLane) return undefined;
  mail.listed &= ~(1 << index);
  if (!isLive(mail) || mail.copying !== 'no') return undefined;
  if (isPastDeadline(state, mail, now)) {
    expire(state, mail, now);
    return undefined;
  }
  const ready = readyRecipients(state, mail, index, now);
  if (ready.length === 0) {
    // The wall clock was set back, and it waits for its time once more.
    file(state, mail, now);
    return undefined;
  }
  const open = state.gates.length === 0 ? ready : parkOthers(state, upstream, mail, ready, now);
  const recipients = open.slice(0, state.policy.maxRecipientsPerAttempt);
  if (recipients.length === 0) return undefined;
  const waitedMs = Math.max(0, state.clock.steady(now.wall) - readySince(state.clock, mail, now.wall));
  if (recipients.length < open.length) list(state, mail, index, now);
  upstream.ready.charge(recipients.length);
  return { mail, recipients, waitedMs };
}

/** The recipients that no gate keeps back. For the others the mail waits where each gate's mail does. */
function parkOthers(state: EngineState, { parking }: UpstreamState, mail: Mail, ready: readonly number[], now: Instant): readonly number[] {
  return ready.filter((recipient) => {
    const closed = closedGate(state, mail, recipient, now);
    if (closed) parking.park(closed, mail, startByOf(state, mail, now), now);
    return closed === undefined;
  });
}

function start(state: EngineState, upstream: UpstreamState, sender: Sender, transaction: Transaction, now: Instant): Attempt {
  const id = `${state.epoch}.${(state.attemptNumber += 1)}`;
  const { mail, recipients, waitedMs } = transaction;
  const attempt: Attempt = { id, mail, recipients, waitedMs, upstream: upstream.name, sender: sender.id, begun: false };
  state.senders.add(attempt);
  upstream.pace.count(now.mono);
  if (upstream.health.kind === 'down') upstream.health = { ...upstream.health, probe: id };
  record(state, mail, {
    kind: 'started',
    at: now.wall,
    id: mail.ticket.id,
    attempt: id,
    recipients,
    upstream: upstream.name,
    sender: sender.id,
  });
  return attempt;
}
