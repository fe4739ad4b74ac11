import { describe, expect, test } from 'vitest';
import { Router, type RouteMatch } from './router.ts';
import { ticketOf } from './simulation/stage.ts';

const upstreams = ['main', 'other'];

/** The upstream picked for one recipient by a router whose only route leads to `other`. */
function pick(match: RouteMatch, ticket = ticketOf()): string | undefined {
  return upstreams[new Router(upstreams, [{ match, upstream: 'other' }]).upstreamOf(ticket, 0)];
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
    expect(router.upstreamOf(ticketOf({ lane: 'low' }), 0)).toBe(0);
    expect(router.upstreamOf(ticketOf(), 0)).toBe(1);
    expect(router.upstreamOf(ticketOf({ tenant: 'globex' }), 0)).toBe(0);
  });

  test('decides for each recipient', () => {
    const router = new Router(upstreams, [{ match: { kind: 'domain', value: 'other.example' }, upstream: 'other' }]);
    const ticket = ticketOf({ recipients: [{ address: 'a@example.net' }, { address: 'b@other.example' }] });
    expect([0, 1].map((recipient) => router.upstreamOf(ticket, recipient))).toEqual([0, 1]);
  });

  test('refuses a route to nowhere, and more upstreams than a mail can be filed under', () => {
    expect(() => new Router(upstreams, [{ match: { kind: 'any' }, upstream: 'elsewhere' }])).toThrow(
      "routes: 'elsewhere' is none of the upstreams main, other",
    );
    expect(
      () =>
        new Router(
          Array.from({ length: 32 }, (_, index) => `u${index}`),
          [],
        ),
    ).toThrow('upstreams: 32 were given, expected 1 to 31');
  });
});
