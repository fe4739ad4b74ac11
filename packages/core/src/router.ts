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

/** Each mail's places in the ready queues are bits of one number. */
const mostUpstreams = 31;

/** The first route that matches a recipient picks its upstream; the first upstream takes what no route matches. */
export class Router {
  readonly upstreams: readonly string[];
  readonly #routes: readonly { readonly match: RouteMatch; readonly index: number }[];

  constructor(upstreams: readonly string[], routes: readonly Route[]) {
    if (upstreams.length === 0 || upstreams.length > mostUpstreams) {
      throw new RangeError(`upstreams: ${upstreams.length} were given, expected 1 to ${mostUpstreams}`);
    }
    this.upstreams = upstreams;
    this.#routes = routes.map(({ match, upstream }) => ({ match, index: indexOf(upstreams, upstream) }));
  }

  /** Index into `upstreams`. */
  upstreamOf(ticket: Ticket, recipient: number): number {
    const address = ticket.recipients[recipient]?.address ?? '';
    return this.#routes.find(({ match }) => matches(match, ticket, address))?.index ?? 0;
  }
}

function indexOf(upstreams: readonly string[], upstream: string): number {
  const index = upstreams.indexOf(upstream);
  if (index < 0) throw new RangeError(`routes: '${upstream}' is none of the upstreams ${upstreams.join(', ')}`);
  return index;
}

function matches(match: RouteMatch, ticket: Ticket, address: string): boolean {
  switch (match.kind) {
    case 'any':
      return true;
    case 'domain':
      return address.slice(address.lastIndexOf('@') + 1).toLowerCase() === match.value.toLowerCase();
    case 'lane':
      return ticket.lane === match.value;
    case 'tenant':
      return ticket.tenant === match.value;
  }
}
