import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultPolicy } from './engine-state.ts';
import { outcomeOf, recipientsOf, Stage, type StageOptions } from './simulation/stage.ts';
import type { Attempt } from './sender-table.ts';
import type { GroupMember } from './upstream-rules.ts';

const minute = 60_000;

const toPool = { match: { kind: 'tenant' as const, value: 'acme' }, upstream: 'pool' };

function poolOf(members: readonly Partial<GroupMember>[], { overflow = false, ...options }: StageOptions & { overflow?: boolean } = {}): Stage {
  const all = members.map((member, index) => ({ upstream: `u${index}`, priority: 0, weight: 1, ...member }));
  const upstreams = all.map(({ upstream }) => upstream);
  return new Stage({ upstreams, groups: [{ name: 'pool', members: all, overflow }], routes: [toPool], ...options });
}

/** Upstreams of so many mails, each delivered before the next is sent. */
function serve(stage: Stage, count: number): string[] {
  return Array.from({ length: count }, () => {
    stage.arrive();
    const attempt = stage.takeOnlySent();
    stage.report(attempt, 'delivered');
    return attempt.upstream;
  });
}

/** Fails until the breaker of that upstream is open. */
function knockOut(stage: Stage, upstream: string): void {
  for (let failure = 0; failure < defaultPolicy.breaker.failures; failure += 1) {
    stage.tell({ kind: 'checked', sender: 's', upstream, ok: false, trouble: 'connection refused' });
  }
}

function heal(stage: Stage, upstream: string): void {
  stage.tell({ kind: 'checked', sender: 's', upstream, ok: true, trouble: '' });
}

/** Time in which the sender lives on. */
function pass(stage: Stage, ms: number): void {
  for (let left = ms; left > 0; left -= 10_000) {
    stage.tell({ kind: 'heartbeat', sender: 's' });
    stage.pass(Math.min(left, 10_000));
  }
}

describe('members of one priority', () => {
  test('have their part of every stretch by weight, one mail left out', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 5 }), (weights) => {
        const stage = poolOf(weights.map((weight) => ({ weight })));
        stage.join('s', Object.fromEntries(weights.map((_, index) => [`u${index}`, 1])));
        const served = serve(stage, 40);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (let to = 1; to <= served.length; to += 1) {
          for (const [index, weight] of weights.entries()) {
            const part = served.slice(0, to).filter((upstream) => upstream === `u${index}`).length;
            // Smooth weighted rotation strays from the exact part by less than a mail for two members, and by no more than their number for several.
            expect(Math.abs(part - (to * weight) / total)).toBeLessThan(weights.length);
          }
        }
      }),
    );
  });

  test('stand in for one that has no room', () => {
    const stage = poolOf([{ weight: 9 }, {}]);
    stage.join('s', { u0: 0, u1: 3 });
    expect(serve(stage, 3)).toEqual(['u1', 'u1', 'u1']);
  });
});

describe('a less preferred member', () => {
  const order = [{}, { priority: 1 }];

  test('takes mail only while the preferred one is down, not while that is full', () => {
    const stage = poolOf(order);
    stage.join('s', { u0: 1, u1: 5 });
    stage.arrive();
    stage.arrive();
    expect(stage.takeOnlySent().upstream).toBe('u0');
    knockOut(stage, 'u0');
    expect(stage.takeOnlySent().upstream).toBe('u1');
  });

  test('takes what the preferred one has no room for, if the group overflows', () => {
    const stage = poolOf(order, { overflow: true });
    stage.join('s', { u0: 1, u1: 5 });
    stage.arrive();
    stage.arrive();
    expect(stage.takeSent().map(({ upstream }) => upstream)).toEqual(['u0', 'u1']);
  });

  test('is given what the preferred one sent back: that spent no attempt', () => {
    const stage = poolOf(order);
    stage.join('s', { u0: 3, u1: 3 });
    const tickets = [stage.arrive(), stage.arrive(), stage.arrive()];
    const outcomes = stage.takeSent().map((attempt) => outcomeOf(attempt, 'upstreamDown'));
    stage.tell({ kind: 'reported', sender: 's', outcomes });
    const again = stage.takeSent();
    expect(again.map(({ upstream }) => upstream)).toEqual(['u1', 'u1', 'u1']);
    for (const attempt of again) stage.report(attempt, 'deferred');
    for (const ticket of tickets) expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued', attempts: 1 });
  });

  test('keeps the mail until the preferred one has been healthy for five minutes', () => {
    const stage = poolOf(order);
    stage.join('s', { u0: 3, u1: 3 });
    knockOut(stage, 'u0');
    expect(serve(stage, 1)).toEqual(['u1']);
    heal(stage, 'u0');
    pass(stage, 5 * minute - 1);
    expect(serve(stage, 1)).toEqual(['u1']);
    pass(stage, 1);
    expect(serve(stage, 1)).toEqual(['u0']);
  });

  test('gives way to one that is coming back as soon as it fails itself', () => {
    const stage = poolOf(order);
    stage.join('s', { u0: 3, u1: 3 });
    knockOut(stage, 'u0');
    heal(stage, 'u0');
    expect(serve(stage, 1)).toEqual(['u1']);
    knockOut(stage, 'u1');
    expect(serve(stage, 1)).toEqual(['u0']);
  });
});

describe('when all members are down', () => {
  test('each is probed by one mail at its time, the preferred ones first', () => {
    const stage = poolOf([{}, { priority: 1 }]);
    stage.join('s', { u0: 3, u1: 3 });
    knockOut(stage, 'u0');
    knockOut(stage, 'u1');
    for (let count = 0; count < 4; count += 1) stage.arrive();
    expect(stage.takeSent()).toEqual([]);
    expect(stage.engine.nextWake(stage.now)).toBe(1_000);
    stage.pass(1_000);
    expect(stage.takeSent().map(({ upstream }) => upstream)).toEqual(['u0', 'u1']);
  });
});

test('a member that is down is not probed with mail while another one takes it and health checks look, but is when nobody looks', () => {
  const stage = poolOf([{}, { priority: 1 }]);
  stage.join('s', { u0: 3, u1: 3 });
  knockOut(stage, 'u0');
  pass(stage, 30_000);
  expect(serve(stage, 3)).toEqual(['u1', 'u1', 'u1']);
  pass(stage, 2 * minute);
  expect(serve(stage, 2)).toEqual(['u0', 'u1']);
});

test('destinations that share an upstream take turns at it, however much waits for one of them', () => {
  fc.assert(
    fc.property(fc.nat(5), fc.integer({ min: 1, max: 4 }), (before, room) => {
      const stage = poolOf([{}, { priority: 1 }]);
      stage.join('s', { u0: room });
      for (let count = 0; count < 60; count += 1) stage.arrive();
      const served: Attempt[] = [];
      const next = (): void => {
        const sent = stage.takeSent();
        served.push(...sent);
        for (const attempt of sent) stage.report(attempt, 'delivered');
      };
      for (let turn = 0; turn < before; turn += 1) next();
      // A tenant that the route to the pool does not name goes to the first upstream by itself.
      for (let count = 0; count < 10; count += 1) stage.arrive({ tenant: 'globex' });
      const from = served.length;
      while (served.length < 60) next();
      const tenants = served.slice(from).map(({ mail }) => mail.ticket.tenant);
      const lastOfFew = tenants.lastIndexOf('globex');
      expect(lastOfFew).toBeLessThanOrEqual(2 * 10 + room);
    }),
    { numRuns: 20 },
  );
});

test('mail for an upstream by its own name goes nowhere else, whatever group that belongs to', () => {
  const stage = poolOf([{}, {}]);
  stage.join('s', { u0: 3, u1: 3 });
  knockOut(stage, 'u1');
  stage.arrive({ tenant: 'globex', recipients: recipientsOf(1, 'other.example') });
  expect(stage.takeSent()).toEqual([]);
});

test('more destinations than a number has bits each keep their mail apart', () => {
  const names = Array.from({ length: 40 }, (_, index) => `u${index}`);
  const routes = names.map((upstream, index) => ({ match: { kind: 'domain' as const, value: `d${index}.example` }, upstream }));
  const stage = new Stage({ upstreams: names, routes });
  stage.join('s', Object.fromEntries(names.map((name) => [name, 1])));
  stage.arrive({ recipients: names.map((_, index) => ({ address: `a@d${index}.example` })) });
  expect(stage.takeSent().map(({ upstream, recipients }) => [upstream, recipients])).toEqual(names.map((name, index) => [name, [index]]));
});
