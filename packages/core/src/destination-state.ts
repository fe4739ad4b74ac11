import type { EnginePolicy } from './engine-state.ts';
import { Gathering } from './gathering.ts';
import { Learning } from './learning.ts';
import type { Mail } from './mail.ts';
import { Pace } from './pace.ts';
import { Parking } from './parking.ts';
import { ReadyQueue } from './ready-queue.ts';
import type { Destination, Router } from './router.ts';
import { up, type UpstreamHealth } from './upstream-health.ts';

/** What waits for one destination, and the upstreams that can take it. */
export interface DestinationState {
  readonly name: string;
  readonly index: number;
  readonly ready: ReadyQueue;
  readonly gathering: Gathering;
  /** What met a closed gate when its turn came. */
  readonly parking: Parking;
  /** Members by priority, the preferred ones first. */
  readonly tiers: readonly (readonly MemberState[])[];
  readonly members: readonly MemberState[];
  readonly overflow: boolean;
  /** How many mails this step may still look at in vain. */
  looks: number;
  /** Mail in its ready queue, for the few destinations that have no bit of `Mail.listed`. */
  readonly listed: Set<Mail>;
}

export interface MemberState {
  readonly upstream: UpstreamState;
  readonly weight: number;
  /** What it is owed: see choosing among members. */
  credit: number;
}

export interface UpstreamState {
  readonly name: string;
  /** Attempts started. */
  readonly pace: Pace;
  health: UpstreamHealth;
  /** Undefined: it is not to be learned what it allows. */
  readonly learning: Learning | undefined;
  /** Attempts that it answered, and how long their transactions took together, milliseconds. */
  concluded: number;
  tookMs: number;
}

/** Destinations that share upstreams, directly or by others, take turns. */
export interface Round {
  readonly destinations: readonly DestinationState[];
  /** Whose turn it is. */
  turn: number;
}

export function createUpstreams(router: Router, { upstreamRules }: EnginePolicy): UpstreamState[] {
  const learningOf = (name: string) => (upstreamRules.get(name)?.adaptive === false ? undefined : new Learning());
  return router.upstreams.map((name) => ({ name, pace: new Pace(), health: up, learning: learningOf(name), concluded: 0, tookMs: 0 }));
}

export function createDestinations(router: Router, upstreams: readonly UpstreamState[], policy: EnginePolicy): DestinationState[] {
  return router.destinations.map((destination, index) => destinationState(destination, index, upstreams, policy));
}

function destinationState(
  { name, members, overflow }: Destination,
  index: number,
  upstreams: readonly UpstreamState[],
  { lanes, tenantWeights }: EnginePolicy,
): DestinationState {
  const sorted = members.toSorted((one, other) => one.priority - other.priority);
  const states = sorted.map(({ upstream, weight }): MemberState => ({ upstream: stateOf(upstreams, upstream), weight, credit: 0 }));
  const priorities = [...new Set(sorted.map(({ priority }) => priority))];
  return {
    name,
    index,
    ready: new ReadyQueue(lanes, tenantWeights),
    gathering: new Gathering(),
    parking: new Parking(lanes, tenantWeights),
    tiers: priorities.map((priority) => states.filter((_, place) => sorted[place]?.priority === priority)),
    members: states,
    overflow,
    looks: 0,
    listed: new Set(),
  };
}

function stateOf(upstreams: readonly UpstreamState[], name: string): UpstreamState {
  return upstreams.find((upstream) => upstream.name === name) as UpstreamState;
}

export function createRounds(destinations: readonly DestinationState[]): Round[] {
  const rounds: { destinations: DestinationState[]; upstreams: Set<UpstreamState> }[] = [];
  for (const destination of destinations) {
    const own = new Set(destination.members.map(({ upstream }) => upstream));
    const met = rounds.filter(({ upstreams }) => [...own].some((upstream) => upstreams.has(upstream)));
    for (const round of met) rounds.splice(rounds.indexOf(round), 1);
    rounds.push({
      destinations: [...met.flatMap((round) => round.destinations), destination],
      upstreams: new Set([...own, ...met.flatMap((round) => [...round.upstreams])]),
    });
  }
  return rounds.map((round) => ({ destinations: round.destinations, turn: 0 }));
}

/** Bits of `Mail.listed`: numbers have 31 that stay cheap. */
const bits = 31;

export function isListed(mail: Mail, { index, listed }: DestinationState): boolean {
  return index < bits ? (mail.listed & (1 << index)) !== 0 : listed.has(mail);
}

export function noteListed(mail: Mail, { index, listed }: DestinationState): void {
  if (index < bits) mail.listed |= 1 << index;
  else listed.add(mail);
}

export function noteUnlisted(mail: Mail, { index, listed }: DestinationState): void {
  if (index < bits) mail.listed &= ~(1 << index);
  else listed.delete(mail);
}
