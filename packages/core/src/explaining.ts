import { hasMail } from './dispatching.ts';
import type { DestinationState, MemberState, UpstreamState } from './destination-state.ts';
import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import { queueOf, readySince, wallDue } from './filing.ts';
import type { Reply } from './journal.ts';
import type { Intervention } from './operation/intervention.ts';
import { suspensionOf } from './operation/suspension-gate.ts';
import type { NamedLane } from './lane-table.ts';
import type { Mail } from './mail.ts';
import type { LimitUse, Meter } from './meter.ts';
import { eligibleMembers, learnedOpensAt, opensAt } from './member-choice.ts';
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
  | { readonly kind: 'operator'; readonly by: Intervention; readonly suspension?: string }
  | { readonly kind: 'filling' }
  | { readonly kind: 'outage'; readonly upstream: string; readonly trouble: string }
  | {
      readonly kind: 'limit';
      readonly scope: string;
      readonly limit: number;
      readonly windowMs: number | null;
      readonly used: number;
      readonly learned: boolean;
      /** What is configured, where `limit` is this partition's share of it. */
      readonly whole?: number;
    }
  | { readonly kind: 'connections'; readonly upstream: string; readonly limit: number; readonly inForce: number }
  | { readonly kind: 'senders'; readonly senders: number; readonly held: number }
  | { readonly kind: 'place'; readonly lane: NamedLane; readonly tenant: string; readonly ahead: number; readonly perSecond: number };

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
  const destination = queueOf(state, mail, recipient);
  const eligible = eligibleMembers(destination);
  const members = eligible.length > 0 ? eligible : destination.members;
  const gates = [
    ...suspended(state, mail, recipient),
    ...backoff(state, recipientState, mail, now),
    ...filling(destination, now),
    ...domainLimit(state, mail, recipient, now),
    ...(eligible.length > 0 ? upstreamLimit(state, destination, eligible, now) : outage(state, destination, now)),
    ...senders(state, members, now),
    ...place(state, mail, destination, members, now),
  ];
  return { gates, estimatedAt: estimate(gates, destination.parking.ahead(mail) ?? 0, now), upstreams: members.map(({ upstream }) => upstream.name) };
}

function hold({ reason, by }: HeldState): Gate {
  return { reason, since: by.at, until: null, detail: { kind: 'operator', by } };
}

/** It waits for its time and for the end of the suspension at once. */
function suspended(state: EngineState, mail: Mail, recipient: number): Gate[] {
  const suspension = suspensionOf(state, mail, recipient);
  if (!suspension) return [];
  const { id, by, expires } = suspension;
  return [
    {
      reason: 'SUSPENDED_BY_OPERATOR',
      since: Math.max(by.at, mail.ticket.acceptedAt),
      until: expires ?? null,
      detail: { kind: 'operator', by, suspension: id },
    },
  ];
}

function backoff({ clock }: EngineState, queued: Queued, { ticket }: Mail, now: Instant): Gate[] {
  const { attempts, reason, since, reply } = queued;
  const due = wallDue(clock, queued);
  if (due <= now.wall) return [];
  return [{ reason: reason ?? 'SCHEDULED', since: since ?? ticket.acceptedAt, until: due, detail: { kind: 'backoff', attempts, reply } }];
}

function filling(destination: DestinationState, now: Instant): Gate[] {
  const { until } = destination.gathering;
  if (until === null || until <= now.mono || !hasMail(destination, now)) return [];
  return [{ reason: 'BATCH_FILLING', since: null, until: now.wall + until - now.mono, detail: { kind: 'filling' } }];
}

/** All are down: said of the one that is looked at next. */
function outage(state: EngineState, destination: DestinationState, now: Instant): Gate[] {
  const [first] = destination.members.toSorted((one, other) => opensAt(state, destination, one, now) - opensAt(state, destination, other, now));
  if (first?.upstream.health.kind !== 'down') return [];
  const { name, health } = first.upstream;
  const until = health.probe === null ? now.wall + Math.max(0, health.probeAt - now.mono) : null;
  return [{ reason: 'UPSTREAM_DOWN', since: health.since, until, detail: { kind: 'outage', upstream: name, trouble: health.trouble } }];
}

function domainLimit({ meters }: EngineState, mail: Mail, recipient: number, now: Instant): Gate[] {
  const key = meters.limitsDomains ? meters.closedFor(mail, recipient, now) : undefined;
  const meter = key === undefined ? undefined : meters.byKey(key, now.mono);
  return meter ? [limitGate('DOMAIN_LIMIT', meter, now)] : [];
}

/** Those that may take it are at their limits, or nobody has room for them: the limit is said of the one that is free first. */
function upstreamLimit(state: EngineState, destination: DestinationState, members: readonly MemberState[], now: Instant): Gate[] {
  const limited = limitedMembers(state, destination, members, now);
  const others = members.filter((member) => !limited.includes(member));
  const [first] = limited.toSorted((one, other) => opensAt(state, destination, one, now) - opensAt(state, destination, other, now));
  return first && senderRoom(state, others) === 0 ? limitOfUpstream(state, first.upstream, now) : [];
}

/** Of what is configured and what was learned the one that keeps mail back for longer. */
function limitOfUpstream(state: EngineState, upstream: UpstreamState, now: Instant): Gate[] {
  const meter = state.meters.ofUpstream(upstream.name);
  const learnedAt = learnedOpensAt(state, upstream, now);
  if (learnedAt > Math.max(now.mono, meter?.freeAt(now.mono) ?? -Infinity)) return [learnedGate(state, upstream, learnedAt, now)];
  return meter ? [limitGate('UPSTREAM_LIMIT', meter, now)] : [];
}

function learnedGate({ senders }: EngineState, { name, learning }: UpstreamState, freeAt: number, now: Instant): Gate {
  const uses = learning?.uses(senders.underWay(name), now.mono) ?? [];
  return gateOfLimit('UPSTREAM_LIMIT', `upstream:${name}`, uses, freeAt, true, now);
}

function limitedMembers(state: EngineState, destination: DestinationState, members: readonly MemberState[], now: Instant): MemberState[] {
  return members.filter((member) => opensAt(state, destination, member, now) > now.mono);
}

function senderRoom(state: EngineState, members: readonly MemberState[]): number {
  return members.reduce((sum, { upstream }) => sum + state.senders.serving(upstream.name).room, 0);
}

function limitGate(reason: LimitReason, meter: Meter, now: Instant): Gate {
  return gateOfLimit(reason, meter.key, meter.uses(now.mono), meter.freeAt(now.mono), false, now);
}

type LimitReason = 'UPSTREAM_LIMIT' | 'DOMAIN_LIMIT';

function gateOfLimit(reason: LimitReason, scope: string, uses: readonly LimitUse[], freeAt: number, learned: boolean, now: Instant): Gate {
  const until = Number.isFinite(freeAt) ? now.wall + freeAt - now.mono : null;
  // A share of nothing is a limit that is reached without being used.
  const { limit = 0, windowMs = null, used = 0, whole } = uses.findLast((use) => use.used >= use.limit) ?? {};
  return { reason, since: null, until, detail: { kind: 'limit', scope, limit, windowMs, used, learned, ...(whole !== undefined && { whole }) } };
}

function senders(state: EngineState, members: readonly MemberState[], now: Instant): Gate[] {
  const serving = members.map(({ upstream }) => state.senders.serving(upstream.name));
  if (serving.some(({ room }) => room > 0)) return [];
  const count = Math.max(...serving.map((each) => each.senders));
  const [without] = count > 0 ? [] : members.flatMap(({ upstream }) => connectionLimit(state, upstream.name, now));
  if (without) return [without];
  const held = serving.reduce((sum, each) => sum + each.held, 0);
  return [{ reason: count === 0 ? 'NO_SENDER' : 'SENDERS_BUSY', since: null, until: null, detail: { kind: 'senders', senders: count, held } }];
}

/** Of an upstream that has senders, of which none may open a connection. */
function connectionLimit({ connectionShares, raisesFrom }: EngineState, upstream: string, now: Instant): Gate[] {
  const shares = connectionShares.get(upstream);
  if (!shares || shares.connected === 0) return [];
  const until = shares.inForce < shares.most && raisesFrom > now.mono ? now.wall + raisesFrom - now.mono : null;
  return [{ reason: 'CONNECTION_LIMIT', since: null, until, detail: { kind: 'connections', upstream, limit: shares.most, inForce: shares.inForce } }];
}

function place({ clock }: EngineState, mail: Mail, { ready, parking }: DestinationState, members: readonly MemberState[], now: Instant): Gate[] {
  // What a gate has let go comes back into the queue as that is served.
  const atGate = parking.ahead(mail);
  const ahead = ready.ahead(mail) ?? (atGate === undefined ? undefined : atGate + ready.size);
  if (ahead === undefined) return [];
  const { lane } = mail;
  const { tenant } = mail.ticket;
  const perSecond = members.reduce((sum, { upstream }) => sum + upstream.pace.perSecond(now.mono), 0);
  return [
    {
      reason: 'QUEUED_BEHIND',
      since: readySince(clock, mail, now.wall) + clock.skewMs,
      until: null,
      detail: { kind: 'place', lane, tenant, ahead, perSecond },
    },
  ];
}

/** What has to be waited for one after the other; null as soon as one of them has no known end. `aheadAtGate`: mails that go through its closed gate before it. */
function estimate(gates: readonly Gate[], aheadAtGate: number, now: Instant): number | null {
  let at = now.wall;
  for (const { reason, until, detail } of gates) {
    if (detail.kind === 'place') {
      const ahead = detail.ahead - aheadAtGate;
      if (detail.perSecond === 0 && ahead > 0) return null;
      at += ahead === 0 ? 0 : Math.round((ahead / detail.perSecond) * 1_000);
    } else if (detail.kind === 'limit' && reason === 'DOMAIN_LIMIT' && aheadAtGate > 0) {
      // So many windows pass before its own; of what is under way at once nobody knows when it ends.
      if (until === null || detail.windowMs === null) return null;
      at = Math.max(at, until + Math.floor(aheadAtGate / Math.max(1, detail.limit)) * detail.windowMs);
    } else if (
      reason === 'UPSTREAM_DOWN' ||
      reason === 'NO_SENDER' ||
      (reason === 'CONNECTION_LIMIT' && until === null) ||
      (reason === 'SUSPENDED_BY_OPERATOR' && until === null)
    )
      return null;
    else if (until !== null) at = Math.max(at, until);
  }
  return at;
}
