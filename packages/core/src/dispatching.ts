import type { Instant } from './engine-input.ts';
import type { EngineState, UpstreamState } from './engine-state.ts';
import { expire, isLive, isPastDeadline, list, readyRecipients, readySince } from './filing.ts';
import type { Mail } from './mail.ts';
import { record } from './recording.ts';
import type { Attempt, Sender } from './sender-table.ts';
import { admits } from './upstream-health.ts';

/** Gives the senders what they have room for, upstream by upstream: one that is down or full holds up no other. */
export function dispatch(state: EngineState, now: Instant): void {
  const batches = new Map<string, Attempt[]>();
  for (let index = 0; index < state.upstreams.length; index += 1) dispatchTo(state, index, now, batches);
  for (const [sender, attempts] of batches) state.effects.push({ kind: 'send', sender, attempts });
}

function dispatchTo(state: EngineState, index: number, now: Instant, batches: Map<string, Attempt[]>): void {
  const upstream = state.upstreams[index] as UpstreamState;
  if (upstream.gathering.waits(upstream.ready, state.policy.batch, now.mono)) return;
  for (let left = admits(upstream.health, now.mono); left > 0 && upstream.ready.size > 0; left -= 1) {
    const sender = state.senders.roomiest(upstream.name);
    const next = sender && takeNext(state, upstream, index, now);
    if (!next) return;
    const attempt = start(state, upstream, sender, next, now);
    const batch = batches.get(sender.id);
    if (batch) batch.push(attempt);
    else batches.set(sender.id, [attempt]);
  }
}

interface Transaction {
  readonly mail: Mail;
  readonly recipients: readonly number[];
  readonly waitedMs: number;
}

/** The next mail in order that still fits; on the way those that do not are dropped from the queue, or expired. */
function takeNext(state: EngineState, upstream: UpstreamState, index: number, now: Instant): Transaction | undefined {
  for (let mail = upstream.ready.pop(); mail; mail = upstream.ready.pop()) {
    mail.listed &= ~(1 << index);
    if (!isLive(mail) || mail.copying !== 'no') continue;
    if (isPastDeadline(mail, now)) {
      expire(state, mail, now);
      continue;
    }
    const ready = readyRecipients(state, mail, index, now);
    const recipients = ready.slice(0, state.policy.maxRecipientsPerAttempt);
    if (recipients.length === 0) continue;
    const waitedMs = Math.max(0, now.wall - readySince(mail, now.wall));
    if (recipients.length < ready.length) list(state, mail, index, now);
    upstream.ready.charge(recipients.length);
    return { mail, recipients, waitedMs };
  }
  return undefined;
}

function start(state: EngineState, upstream: UpstreamState, sender: Sender, transaction: Transaction, now: Instant): Attempt {
  const id = `${state.epoch}.${(state.attemptNumber += 1)}`;
  const { mail, recipients, waitedMs } = transaction;
  const attempt: Attempt = { id, mail, recipients, waitedMs, upstream: upstream.name, sender: sender.id, begun: false };
  state.senders.add(attempt);
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
