import type { DestinationState, MemberState, UpstreamState } from './destination-state.ts';
import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import type { Sender } from './sender-table.ts';
import { probesAt, type UpstreamDown } from './upstream-health.ts';

/** Who takes the next mail: an upstream of the destination, and a sender with room for it. */
export interface Choice {
  readonly upstream: UpstreamState;
  readonly sender: Sender;
}

/**
 * The most preferred tier that has a usable member decides: among those of its members that have room now, by weight. Undefined: nobody takes anything now.
 */
export function chooseMember(state: EngineState, destination: DestinationState, now: Instant): Choice | undefined {
  const { members } = destination;
  const only = members[0] as MemberState;
  if (members.length === 1) return opensAt(state, destination, only, now) <= now.mono ? choiceOf(state, only) : undefined;
  const prober = members.find((member) => member.upstream.health.kind === 'down' && opensAt(state, destination, member, now) <= now.mono);
  return (prober && choiceOf(state, prober)) ?? chooseByTier(state, destination, now);
}

function chooseByTier(state: EngineState, destination: DestinationState, now: Instant): Choice | undefined {
  for (const tier of destination.tiers) {
    const usable = tier.filter((member) => isUsable(destination, member));
    const free = usable.filter((member) => opensAt(state, destination, member, now) <= now.mono && state.senders.roomiest(member.upstream.name));
    if (free.length > 0) return choiceOf(state, weigh(free));
    if (usable.length > 0 && !destination.overflow) return undefined;
  }
  return undefined;
}

/** Members that mail waits for now: those of the most preferred tier that has a usable one; with overflow all that are usable. */
export function eligibleMembers(destination: DestinationState): MemberState[] {
  const tiers = destination.tiers.map((tier) => tier.filter((member) => isUsable(destination, member))).filter((tier) => tier.length > 0);
  return destination.overflow ? tiers.flat() : (tiers[0] ?? []);
}

/** Mail does not return to an upstream that has just come back while another one is well. */
function isUsable({ members }: DestinationState, { upstream: { health } }: MemberState): boolean {
  return health.kind === 'up' || (health.kind === 'recovering' && !members.some(({ upstream }) => upstream.health.kind === 'up'));
}

/** Smooth weighted choice: each is owed its weight, and who is owed most is taken and pays for all. In every stretch each has its part, one mail left out. */
function weigh(free: readonly MemberState[]): MemberState {
  let chosen = free[0] as MemberState;
  let total = 0;
  for (const member of free) {
    member.credit += member.weight;
    total += member.weight;
    if (member.credit > chosen.credit) chosen = member;
  }
  chosen.credit -= total;
  return chosen;
}

function choiceOf({ senders }: EngineState, { upstream }: MemberState): Choice | undefined {
  const sender = senders.roomiest(upstream.name);
  return sender && { upstream, sender };
}

/**
 * When this member may be given mail, if nothing is heard meanwhile, monotonic; -Infinity: it may already. Where another one takes the mail, health checks find out
 * whether one that is down is back; an attempt does only when no check has said anything for a while.
 */
export function opensAt(state: EngineState, destination: DestinationState, member: MemberState, now: Instant): number {
  const { health } = member.upstream;
  switch (health.kind) {
    case 'up':
      return limitOpensAt(state, member.upstream, now);
    case 'down':
      return Math.max(probeOpensAt(state, destination, health), limitOpensAt(state, member.upstream, now));
    case 'recovering':
      return isUsable(destination, member) ? limitOpensAt(state, member.upstream, now) : health.wellAt;
  }
}

function probeOpensAt({ policy }: EngineState, { members }: DestinationState, health: UpstreamDown): number {
  const isCovered = members.length > 1 && members.some(({ upstream }) => upstream.health.kind !== 'down');
  return probesAt(health) + (isCovered ? 2 * policy.breaker.longestProbeMs : 0);
}

function limitOpensAt(state: EngineState, upstream: UpstreamState, now: Instant): number {
  const { meters } = state;
  const configured = meters.size === 0 ? -Infinity : (meters.ofUpstream(upstream.name)?.freeAt(now.mono) ?? -Infinity);
  return upstream.learning?.isInForce ? Math.max(configured, learnedOpensAt(state, upstream, now)) : configured;
}

/** When what was learned of it lets the next one go; -Infinity: now. */
export function learnedOpensAt({ senders }: EngineState, { name, learning }: UpstreamState, now: Instant): number {
  return learning?.isInForce ? learning.freeAt(senders.underWay(name), now.mono) : -Infinity;
}
