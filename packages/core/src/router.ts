import { domainOf } from './domain.ts';
import type { Ticket } from './ticket.ts';

/** What a route looks at, and the upstream that it picks. */
export interface Route {
  readonly match: RouteMatch;
  readonly upstream: string;
}

export type RouteMatch =
  | { readonly kind: 'any' }
  /** Domain of the recipient, without regard to case. */
  | { readonly kind: 'domain'; readonly value: string }
  | { readonly kind: 'lane'; readonly value: string }
  | { readonly kind: 'tenant'; readonly value: string };

/** Where a route stands in the list, and the upstream that it leads to. */
interface Turning {
  readonly place: number;
  readonly index: number;
}

/** Each mail's places in the ready queues are bits of one number. */
const mostUpstreams = 31;

/** The first route that matches a recipient picks its upstream; the first upstream takes what no route matches. */
export class Router {
  readonly upstreams: readonly string[];
  /** Of the routes that each value leads to, the first: all that is looked at for a mail. */
  readonly #byDomain: ReadonlyMap<string, Turning>;
  readonly #byLane: ReadonlyMap<string, Turning>;
  readonly #byTenant: ReadonlyMap<string, Turning>;
  readonly #byAny: Turning;

  constructor(upstreams: readonly string[], routes: readonly Route[]) {
    if (upstreams.length === 0 || upstreams.length > mostUpstreams) {
      throw new RangeError(`upstreams: ${upstreams.length} were given, expected 1 to ${mostUpstreams}`);
    }
    this.upstreams = upstreams;
    const turnings = routes.map(({ match, upstream }, place) => ({ match, place, index: indexOf(upstreams, upstream) }));
    this.#byDomain = turningsBy('domain', turnings);
    this.#byLane = turningsBy('lane', turnings);
    this.#byTenant = turningsBy('tenant', turnings);
    this.#byAny = turnings.find(({ match }) => match.kind === 'any') ?? { place: Infinity, index: 0 };
  }

  /** Index into `upstreams`. `lane`: the one that is in force. */
  upstreamOf(ticket: Ticket, recipient: number, lane = ticket.lane): number {
    let first = earlier(earlier(this.#byAny, this.#byLane.get(lane)), this.#byTenant.get(ticket.tenant));
    if (this.#byDomain.size > 0) first = earlier(first, this.#byDomain.get(domainOf(ticket.recipients[recipient]?.address ?? '')));
    return first.index;
  }
}

function indexOf(upstreams: readonly string[], upstream: string): number {
  const index = upstreams.indexOf(upstream);
  if (index < 0) throw new RangeError(`routes: '${upstream}' is none of the upstreams ${upstreams.join(', ')}`);
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
