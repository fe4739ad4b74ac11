import { describe, expect, test } from 'vitest';
import { Router, type RouteMatch } from './router.ts';
import { ticketOf } from './simulation/stage.ts';

const upstreams = ['main', 'other'];

/** The upstream picked for one recipient by a router whose only route leads to `other`. */
function pick(match: RouteMatch, ticket = ticketOf()): string | undefined {
  return upstreams[new Router(upstreams, [{ match, upstream: 'other' }]).destinationOf(ticket, 0)];
}

describe('a router', () => {
  test('matches the domain of the recipient without regard to case', () => {
    expect(pick({ kind: 'domain', value: 'Example.NET' }, ticketOf({ recipients: [{ address: 'a@b@EXAMPLE.net' }] }))).toBe('other');
    expect(pick({ kind: 'domain', value: 'example.net' }, ticketOf({ recipients: [{ address: 'a@mail.example.net' }] }))).toBe('main');
  });

  test('matches lane and tenant', () => {
    expect(pick({ kind: 'lane', value: 'low' }, ticketOf({ lane: 'low' }))).toBe('other');
    expect(pick({ kind: 'lane', value: 'low' })).toBe('main');
    expect(pick({ kind: 'tenant', value: 'globex' }, ticketOf({ tenant: 'globex' }))).toBe('other');
    expect(pick({ kind: 'tenant', value: 'globex' })).toBe('main');
  });

  test('takes the first route that matches, and the first upstream for what none matches', () => {
    const router = new Router(upstreams, [
      { match: { kind: 'lane', value: 'low' }, upstream: 'main' },
      { match: { kind: 'tenant', value: 'acme' }, upstream: 'other' },
    ]);
    expect(router.destinationOf(ticketOf({ lane: 'low' }), 0)).toBe(0);
    expect(router.destinationOf(ticketOf(), 0)).toBe(1);
    expect(router.destinationOf(ticketOf({ tenant: 'globex' }), 0)).toBe(0);
  });

  test('decides for each recipient', () => {
    const router = new Router(upstreams, [{ match: { kind: 'domain', value: 'other.example' }, upstream: 'other' }]);
    const ticket = ticketOf({ recipients: [{ address: 'a@example.net' }, { address: 'b@other.example' }] });
    expect([0, 1].map((recipient) => router.destinationOf(ticket, recipient))).toEqual([0, 1]);
  });

  test('refuses a route to nowhere, and groups that cannot work', () => {
    const members = [{ upstream: 'main', priority: 0, weight: 1 }];
    expect(() => new Router(upstreams, [{ match: { kind: 'any' }, upstream: 'elsewhere' }])).toThrow(
      "routes: 'elsewhere' is none of the upstreams and groups main, other",
    );
    expect(() => new Router(upstreams, [], [{ name: 'pool', members: [{ upstream: 'gone', priority: 0, weight: 1 }], overflow: false }])).toThrow(
      "groups: 'gone' in 'pool' is none of the upstreams main, other",
    );
    expect(() => new Router(upstreams, [], [{ name: 'other', members, overflow: false }])).toThrow('is the name of an upstream as well');
    expect(() => new Router(upstreams, [], [{ name: 'pool', members: [], overflow: false }])).toThrow("'pool' has no members");
  });

  test('leads to groups like to upstreams', () => {
    const pool = { name: 'pool', members: [{ upstream: 'main', priority: 0, weight: 1 }], overflow: false };
    const router = new Router(upstreams, [{ match: { kind: 'any' }, upstream: 'pool' }], [pool]);
    expect(router.destinations[router.destinationOf(ticketOf(), 0)]).toBe(pool);
  });
});
