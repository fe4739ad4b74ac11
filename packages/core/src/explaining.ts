import { hasMail } from './dispatching.ts';
import { destinationOf } from './destination.ts';
import type { Instant } from './engine-input.ts';
import type { EngineState, UpstreamState } from './engine-state.ts';
import { readySince, wallDue } from './filing.ts';
import type { Reply } from './journal.ts';
import type { Lane } from './lane.ts';
import type { Intervention } from './operation/intervention.ts';
import { suspensionOf } from './operation/suspension-gate.ts';
import type { Mail } from './mail.ts';
import type { Reason } from './reason.ts';
import type { HeldState, Queued, RecipientState } from './recipient.ts';

/** Something that a recipient has yet to pass. Times are wall clock, milliseconds since the epoch; null where they are not known. */
export interface Gate {
  readonly reason: Reason;
  /** Since when it has kept this recipient. */
  readonly since: number | null;
  /** When it opens by itself. */
  readonly until: number | null;
  readonly detail: GateDetail;
}

export type GateDetail =
  | { readonly kind: 'backoff'; readonly attempts: number; readonly reply: Reply | undefined }
  | { readonly kind: 'operator'; readonly by: Intervention }
  | { readonly kind: 'filling' }
  | { readonly kind: 'outage'; readonly upstream: string; readonly trouble: string }
  | { readonly kind: 'senders'; readonly senders: number; readonly held: number }
  | { readonly kind: 'place'; readonly lane: Lane; readonly tenant: string; readonly ahead: number; readonly perSecond: number };

/** Why a recipient is not there yet. */
export interface Explanation {
  readonly address: string;
  readonly state: RecipientState['kind'];
  /** In the order in which they must be passed: the first is what it waits for now. None for what is with a sender or final. */
  readonly gates: readonly Gate[];
  /** When it is thought to go, wall clock; null when nobody can say. */
  readonly estimatedAt: number | null;
  readonly upstreams: readonly string[];
}

/** Call after a step: what has just become ready is explained by what then still keeps it. */
export function explain(state: EngineState, mail: Mail, now: Instant): Explanation[] {
  return mail.states.map((recipientState, recipient) => ({
    address: mail.ticket.recipients[recipient]?.address ?? '',
    state: recipientState.kind,
    ...explainOne(state, mail, recipient, now),
  }));
}

function explainOne(state: EngineState, mail: Mail, recipient: number, now: Instant): Pick<Explanation, 'gates' | 'estimatedAt' | 'upstreams'> {
  const recipientState = mail.states[recipient];
  if (recipientState?.kind === 'sending') return { gates: [], estimatedAt: null, upstreams: [recipientState.upstream] };
  if (recipientState?.kind === 'held') return { gates: [hold(recipientState)], estimatedAt: null, upstreams: [] };
  if (recipientState?.kind !== 'queued') return { gates: [], estimatedAt: null, upstreams: [] };
  const upstream = state.upstreams[destinationOf(state.router, mail, recipient)] as UpstreamState;
  const gates = [
    ...suspended(state, mail, recipient),
    ...backoff(state, recipientState, mail, now),
    ...filling(upstream, now),
    ...outage(upstream, now),
    ...senders(state, upstream),
    ...place(state, mail, upstream, now),
  ];
  return { gates, estimatedAt: estimate(gates, now), upstreams: [upstream.name] };
}

function hold({ reason, by }: HeldState): Gate {
  return { reason, since: by.at, until: null, detail: { kind: 'operator', by } };
}

/** It waits for its time and for the end of the suspension at once. */
function suspended(state: EngineState, mail: Mail, recipient: number): Gate[] {
  const suspension = suspensionOf(state, mail, recipient);
  if (!suspension) return [];
  const { by, expires } = suspension;
  return [
    { reason: 'SUSPENDED_BY_OPERATOR', since: Math.max(by.at, mail.ticket.acceptedAt), until: expires ?? null, detail: { kind: 'operator', by } },
  ];
}

function backoff({ clock }: EngineState, queued: Queued, { ticket }: Mail, now: Instant): Gate[] {
  const { attempts, reason, since, reply } = queued;
  const due = wallDue(clock, queued);
  if (due <= now.wall) return [];
  return [{ reason: reason ?? 'SCHEDULED', since: since ?? ticket.acceptedAt, until: due, detail: { kind: 'backoff', attempts, reply } }];
}

function filling(upstream: UpstreamState, now: Instant): Gate[] {
  const { until } = upstream.gathering;
  if (until === null || until <= now.mono || !hasMail(upstream, now)) return [];
  return [{ reason: 'BATCH_FILLING', since: null, until: now.wall + until - now.mono, detail: { kind: 'filling' } }];
}

function outage({ name, health }: UpstreamState, now: Instant): Gate[] {
  if (health.kind === 'up') return [];
  const until = health.probe === null ? now.wall + Math.max(0, health.probeAt - now.mono) : null;
  return [{ reason: 'UPSTREAM_DOWN', since: health.since, until, detail: { kind: 'outage', upstream: name, trouble: health.trouble } }];
}

function senders(state: EngineState, { name }: UpstreamState): Gate[] {
  const { senders, held, room } = state.senders.serving(name);
  if (room > 0) return [];
  return [{ reason: senders === 0 ? 'NO_SENDER' : 'SENDERS_BUSY', since: null, until: null, detail: { kind: 'senders', senders, held } }];
}

function place({ clock }: EngineState, mail: Mail, { ready, parking, pace }: UpstreamState, now: Instant): Gate[] {
  // What a gate has let go comes back into the queue as that is served.
  const ahead = ready.ahead(mail) ?? (parking.holds(mail) ? ready.size : undefined);
  if (ahead === undefined) return [];
  const { lane } = mail;
  const { tenant } = mail.ticket;
  const detail = { kind: 'place' as const, lane, tenant, ahead, perSecond: pace.perSecond(now.mono) };
  return [{ reason: 'QUEUED_BEHIND', since: readySince(clock, mail, now.wall) + clock.skewMs, until: null, detail }];
}

/** What has to be waited for one after the other; null as soon as one of them has no known end. */
function estimate(gates: readonly Gate[], now: Instant): number | null {
  let at = now.wall;
  for (const { reason, until, detail } of gates) {
    if (detail.kind === 'place') {
      if (detail.perSecond === 0 && detail.ahead > 0) return null;
      at += detail.ahead === 0 ? 0 : Math.round((detail.ahead / detail.perSecond) * 1_000);
    } else if (reason === 'UPSTREAM_DOWN' || reason === 'NO_SENDER' || (reason === 'SUSPENDED_BY_OPERATOR' && until === null)) return null;
    else if (until !== null) at = Math.max(at, until);
  }
  return at;
}
