import { domainOf } from './domain.ts';
import { laneNameOf } from './lane.ts';
import type { Ticket } from './ticket.ts';
import type { GroupMember, UpstreamGroup } from './upstream-rules.ts';

/** What a route looks at, and the upstream, or the group of upstreams, that it leads to. */
export interface Route {
  readonly match: RouteMatch;
  readonly upstream: string;
}

/** Where routes lead: a group of upstreams, or one upstream, which is a group of its own. */
export interface Destination {
  readonly name: string;
  readonly members: readonly GroupMember[];
  readonly overflow: boolean;
}

export type RouteMatch =
  | { readonly kind: 'any' }
  /** Domain of the recipient, without regard to case. */
  | { readonly kind: 'domain'; readonly value: string }
  | { readonly kind: 'lane'; readonly value: string }
  | { readonly kind: 'tenant'; readonly value: string };

/** Where a route stands in the list, and the destination that it leads to. */
interface Turning {
  readonly place: number;
  readonly index: number;
}

/** The first route that matches a recipient picks its destination; the first upstream takes what no route matches. */
export class Router {
  readonly upstreams: readonly string[];
  /** The upstreams, at the same index, and after them the groups. */
  readonly destinations: readonly Destination[];
  /** Of the routes that each value leads to, the first: all that is looked at for a mail. */
  readonly #byDomain: ReadonlyMap<string, Turning>;
  readonly #byLane: ReadonlyMap<string, Turning>;
  readonly #byTenant: ReadonlyMap<string, Turning>;
  readonly #byAny: Turning;

  constructor(upstreams: readonly string[], routes: readonly Route[], groups: readonly UpstreamGroup[] = []) {
    if (upstreams.length === 0) throw new RangeError('upstreams: none were given, expected at least 1');
    this.upstreams = upstreams;
    this.destinations = [...upstreams.map(aloneOf), ...groups.map((group) => checkGroup(group, upstreams))];
    const names = this.destinations.map(({ name }) => name);
    const turnings = routes.map(({ match, upstream }, place) => ({ match, place, index: indexOf(names, upstream) }));
    this.#byDomain = turningsBy('domain', turnings);
    this.#byLane = turningsBy('lane', turnings);
    this.#byTenant = turningsBy('tenant', turnings);
    this.#byAny = turnings.find(({ match }) => match.kind === 'any') ?? { place: Infinity, index: 0 };
  }

  /** Of an upstream or a group, into `destinations`; -1: there is none of that name. */
  indexOf(name: string): number {
    return this.destinations.findIndex((destination) => destination.name === name);
  }

  /** Index into `destinations`. `lane`: name of the one that is in force. */
  destinationOf(ticket: Ticket, recipient: number, lane = laneNameOf(ticket)): number {
    let first = earlier(earlier(this.#byAny, this.#byLane.get(lane)), this.#byTenant.get(ticket.tenant));
    if (this.#byDomain.size > 0) first = earlier(first, this.#byDomain.get(domainOf(ticket.recipients[recipient]?.address ?? '')));
    return first.index;
  }
}

function aloneOf(upstream: string): Destination {
  return { name: upstream, members: [{ upstream, priority: 0, weight: 1 }], overflow: false };
}

function checkGroup(group: UpstreamGroup, upstreams: readonly string[]): UpstreamGroup {
  const { name, members } = group;
  const stranger = members.find(({ upstream }) => !upstreams.includes(upstream));
  if (stranger) throw new RangeError(`groups: '${stranger.upstream}' in '${name}' is none of the upstreams ${upstreams.join(', ')}`);
  if (members.length === 0) throw new RangeError(`groups: '${name}' has no members, expected at least 1`);
  if (upstreams.includes(name)) throw new RangeError(`groups: '${name}' is the name of an upstream as well; give the group another one`);
  return group;
}

function indexOf(destinations: readonly string[], name: string): number {
  const index = destinations.indexOf(name);
  if (index < 0) throw new RangeError(`routes: '${name}' is none of the upstreams and groups ${destinations.join(', ')}`);
  return index;
}

function turningsBy(kind: 'domain' | 'lane' | 'tenant', turnings: readonly (Turning & { readonly match: RouteMatch })[]): Map<string, Turning> {
  const first = new Map<string, Turning>();
  for (const { match, place, index } of turnings) {
    if (match.kind !== kind) continue;
    const value = kind === 'domain' ? match.value.toLowerCase() : match.value;
    if (!first.has(value)) first.set(value, { place, index });
  }
  return first;
}

function earlier(one: Turning, other: Turning | undefined): Turning {
  return other && other.place < one.place ? other : one;
}
