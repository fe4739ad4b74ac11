import { destinationOf } from './destination.ts';
import type { EngineState } from './engine-state.ts';
import { wallDue } from './filing.ts';
import type { UpstreamReading } from './fleet.ts';
import type { Learning } from './learning.ts';
import type { Mail } from './mail.ts';
import { eligibleMembers } from './member-choice.ts';
import type { LimitUse } from './meter.ts';
import { suspensionOf } from './operation/suspension-gate.ts';
import type { RecipientState } from './recipient.ts';
import type { UpstreamHealth } from './upstream-health.ts';
import { type Limits, steadyRate } from './upstream-rules.ts';

/** Where a recipient is, and why. */
export interface RecipientView {
  readonly state: RecipientState;
  /** When it is due by the wall clock as that goes now, if it is queued for a time. */
  readonly due?: number;
  /** The upstream that takes it is down, or every one that could take it. */
  readonly upstreamDown: boolean;
  /** A suspension stops it. */
  readonly suspended: boolean;
}

/** An upstream as it is seen now. */
export interface UpstreamView {
  readonly name: string;
  readonly health: UpstreamHealth;
  /** Its limits, and how much of each is taken. */
  readonly limits: readonly LimitUse[];
  /** The same of what was learned about it; none until it complains. */
  readonly learned: readonly LimitUse[];
  /** Its maximum of connections, and how many the senders have or may open; undefined without a maximum. */
  readonly connections: { readonly most: number; readonly inForce: number } | undefined;
  /** Attempts that all connected senders are ready to hold. */
  readonly window: number;
}

/** An upstream by itself, or a group of them. */
export interface DestinationView {
  readonly name: string;
  /** Among the destinations that a census counts. */
  readonly index: number;
  /** The preferred ones first. */
  readonly upstreams: readonly string[];
}

/** How the mail for a destination stands; what of it is late is not known without a walk. */
export type DestinationReading = Omit<UpstreamReading, 'late'>;

/** A limit by its key, and how much of each of its kinds is taken. */
export interface LimitView {
  readonly key: string;
  readonly uses: readonly LimitUse[];
}

/** A connected sender. */
export interface SenderView {
  readonly id: string;
  /** Attempts that it has in its hands. */
  readonly held: number;
}

export function viewRecipient(state: EngineState, mail: Mail, recipient: number): RecipientView {
  const destination = state.destinations[destinationOf(state.router, mail, recipient)];
  const upstreamDown = destination?.members.every(({ upstream }) => upstream.health.kind === 'down') ?? false;
  const where = mail.states[recipient] as RecipientState;
  const due = where.kind === 'queued' && where.due > 0 ? { due: wallDue(state.clock, where) } : {};
  return { state: where, ...due, upstreamDown, suspended: suspensionOf(state, mail, recipient) !== undefined };
}

/** Each upstream's health, and the room that the connected senders together have for it. */
export function viewUpstreams(state: EngineState): readonly UpstreamView[] {
  const { upstreams, senders, meters, connectionShares, dispatchedAt } = state;
  const roomOf = (name: string) => [...senders.senders].reduce((sum, { connected, windows }) => sum + (connected ? (windows.get(name) ?? 0) : 0), 0);
  const connectionsOf = (name: string) => {
    const shares = connectionShares.get(name);
    return shares && { most: shares.most, inForce: shares.inForce };
  };
  const limitsOf = (name: string) => meters.ofUpstream(name)?.uses(dispatchedAt.mono) ?? [];
  return upstreams.map(({ name, health, learning }) => ({
    name,
    health,
    limits: limitsOf(name),
    learned: learning?.uses(senders.underWay(name), dispatchedAt.mono) ?? [],
    connections: connectionsOf(name),
    window: roomOf(name),
  }));
}

/** Where mail can be bound for: every upstream by itself, and after these the groups. */
export function viewDestinations(state: EngineState): readonly DestinationView[] {
  return state.destinations.map(({ name, index, members }) => ({ name, index, upstreams: members.map(({ upstream }) => upstream.name) }));
}

/** How the mail for each destination stands, by the router's index; counted at once, without a walk. */
export function readDestinations(state: EngineState): readonly DestinationReading[] {
  const { destinations, senders } = state;
  return destinations.map((destination) => {
    const { name, ready } = destination;
    const upstreams = destination.members.map(({ upstream }) => upstream);
    const eligible = eligibleMembers(destination);
    // What is down takes nothing, and what stands by for it takes nothing yet.
    const taking = eligible.length > 0 ? eligible : destination.members;
    const capacities = taking.map(({ upstream }) => capacityOf(limitsInForce(state, upstream.name), upstream.learning));
    return {
      name,
      rateLimit: sumOf(capacities.map(({ rateLimit }) => rateLimit)),
      atOnce: sumOf(capacities.map(({ atOnce }) => atOnce)),
      ready: ready.sizes(),
      arrived: [...ready.arrived],
      concluded: sumOf(upstreams.map(({ concluded }) => concluded)),
      tookMs: sumOf(upstreams.map(({ tookMs }) => tookMs)),
      full: ready.size > 0 && !eligible.some(({ upstream }) => senders.roomiest(upstream.name)),
      isUp: upstreams.some(({ health }) => health.kind !== 'down'),
    };
  });
}

export function viewLimits(state: EngineState): readonly LimitView[] {
  const { meters, dispatchedAt } = state;
  return [...meters.all].map((meter) => ({ key: meter.key, uses: meter.uses(dispatchedAt.mono) }));
}

export function viewSenders(state: EngineState): readonly SenderView[] {
  const connected = [...state.senders.senders].filter((sender) => sender.connected);
  return connected.map(({ id, held }) => ({ id, held: [...held.values()].reduce((sum, count) => sum + count, 0) }));
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** What is in force, or what was learned where that is less. */
function capacityOf(
  limits: Limits & { readonly maxConnections: number },
  learning: Learning | undefined,
): Pick<UpstreamReading, 'rateLimit' | 'atOnce'> {
  const { perSecond = Infinity, atOnce = Infinity } = learning ?? {};
  const { concurrency = Infinity, maxConnections } = limits;
  return { rateLimit: Math.min(steadyRate(limits), perSecond), atOnce: Math.min(concurrency, maxConnections, atOnce) };
}

function limitsInForce({ meters, connectionShares }: EngineState, upstream: string): Limits & { readonly maxConnections: number } {
  return { ...meters.ofUpstream(upstream)?.share, maxConnections: connectionShares.get(upstream)?.most ?? Infinity };
}
