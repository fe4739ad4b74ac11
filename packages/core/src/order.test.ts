import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lanes, type Lane } from './lane.ts';
import { type FurtherLane, LaneTable } from './lane-table.ts';
import { defaultPolicy } from './engine-state.ts';
import { recipientsOf, Stage, ticketOf } from './simulation/stage.ts';
import type { Attempt } from './sender-table.ts';
import type { Ticket } from './ticket.ts';

/** What must hold of the order, on the engine as it is, whatever waits and whatever was served before. */

/** One among the four, and one behind them. */
const further: readonly FurtherLane[] = [
  { name: 'wedding-day', base: 'high', targetMs: 60_000 },
  { name: 'archive', base: 'low' },
];
const six = new LaneTable(further);
const others = six.all.slice(1);

function arriveAll(stage: Stage, count: number, parts: (index: number) => Partial<Ticket>): Ticket[] {
  return Array.from({ length: count }, (_, index) => stage.arrive(parts(index)));
}

/** One after the other, each delivered before the next is asked for: the upstream has room for one. */
function serve(stage: Stage, count: number, upstream = 'main'): Attempt[] {
  const served: Attempt[] = [];
  stage.join('sender', { [upstream]: 1 });
  for (const [attempt] = stage.takeSent(); served.length < count;) {
    const next = served.length === 0 ? attempt : stage.takeSent()[0];
    if (!next) break;
    served.push(next);
    // The window closes before the last one is reported, so that nothing more is begun.
    if (served.length === count) stage.tell({ kind: 'credit', sender: 'sender', upstream, window: 0 });
    stage.report(next, 'delivered');
  }
  return served;
}

const ticketsOf = (attempts: readonly Attempt[]) => attempts.map(({ mail }) => mail.ticket);

describe('immediate mail', () => {
  test('overtakes a hundred thousand low ones with the next free slot', () => {
    const stage = new Stage();
    for (let sequence = 1; sequence <= 100_000; sequence += 1) {
      stage.engine.handle({ kind: 'arrived', ticket: ticketOf({ lane: 'low' }), place: { kind: 'log', lane: 'low', sequence } }, stage.now);
    }
    stage.step();
    serve(stage, 30);
    const urgent = stage.arrive({ lane: 'immediate' });
    expect(ticketsOf(serve(stage, 1))).toEqual([urgent]);
  });

  test('lets no more before it than one owed turn of each other lane that waits, whatever was served before', () => {
    fc.assert(
      fc.property(fc.subarray(others, { minLength: 1 }), fc.nat(80), (waiting, before) => {
        const stage = new Stage({ policy: { lanes: six } });
        arriveAll(stage, 100 * waiting.length, (index) => waiting[index % waiting.length]!.written);
        serve(stage, before);
        const urgent = stage.arrive({ lane: 'immediate' });
        const place = ticketsOf(serve(stage, 5)).indexOf(urgent);
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThanOrEqual(waiting.length === 1 ? 0 : waiting.length);
      }),
    );
  });
});

test('a lane with mail ready has its share of every stretch of dispatches, two at most left out', () => {
  const percents = fc.array(fc.nat(18), { minLength: 5, maxLength: 5 }).filter((shares) => shares.some((share) => share > 0));
  fc.assert(
    fc.property(percents, (shares) => {
      const [high, normal, low, ...rest] = shares.map((percent) => ({ share: percent / 100 }));
      const table = new LaneTable(
        further.map((lane, index) => ({ ...lane, ...rest[index] })),
        { high: high!, normal: normal!, low: low! },
      );
      const stage = new Stage({ policy: { lanes: table } });
      arriveAll(stage, 600, (index) => table.all[index % table.all.length]!.written);
      const served = serve(stage, 100).map(({ mail }) => mail.lane);
      for (const lane of table.all.slice(1)) {
        const taken = runningSums(served.map((other) => (other === lane ? 1 : 0)));
        eachStretch(served.length, (from, to) =>
          expect((taken[to] ?? 0) - (taken[from] ?? 0), `${lane.name} from ${from} to ${to}`).toBeGreaterThanOrEqual((to - from) * lane.share - 2),
        );
      }
    }),
    { numRuns: 30 },
  );
});

describe('tenants of a lane', () => {
  const crowd = fc.array(fc.record({ weight: fc.integer({ min: 1, max: 10 }), recipients: fc.integer({ min: 1, max: 5 }) }), {
    minLength: 2,
    maxLength: 5,
  });

  test('are served recipients by weight in every stretch in which they wait, one mail of each left out', () => {
    fc.assert(
      fc.property(crowd, (tenants) => {
        const served = ticketsOf(serve(crowded(tenants), 60));
        const fares = tenants.map(({ weight }, index) =>
          runningSums(served.map(({ tenant, recipients }) => (tenant === `t${index}` ? recipients.length / weight : 0))),
        );
        eachStretch(served.length, (from, to) => {
          const paid = fares.map((sums, index) => ({ fare: (sums[to] ?? 0) - (sums[from] ?? 0), ...tenants[index]! }));
          for (const one of paid) {
            for (const other of paid) {
              const bound = one.recipients / one.weight + other.recipients / other.weight;
              expect(Math.abs(one.fare - other.fare), `from ${from} to ${to}`).toBeLessThanOrEqual(bound + 1e-9);
            }
          }
        });
      }),
      { numRuns: 50 },
    );
  });

  test('share from the moment that one comes, however long the others were served without it', () => {
    fc.assert(
      fc.property(fc.nat(50), (before) => {
        const stage = new Stage();
        arriveAll(stage, 120, () => ({ tenant: 'early' }));
        serve(stage, before);
        arriveAll(stage, 20, () => ({ tenant: 'late' }));
        const late = ticketsOf(serve(stage, 20)).filter(({ tenant }) => tenant === 'late');
        expect(Math.abs(late.length - 10)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 20 },
    );
  });

  function crowded(tenants: readonly { readonly weight: number; readonly recipients: number }[]): Stage {
    const stage = new Stage({ policy: { tenantWeights: new Map(tenants.map(({ weight }, index) => [`t${index}`, weight])) } });
    arriveAll(stage, 61 * tenants.length, (index) => {
      const number = index % tenants.length;
      return { tenant: `t${number}`, recipients: recipientsOf(tenants[number]!.recipients) };
    });
    return stage;
  }
});

test('what waits for a further lane stands between the four by its target: before all that may wait longer, behind all that may not', () => {
  const target = fc.option(fc.integer({ min: 1, max: 600 }), { nil: Infinity });
  fc.assert(
    fc.property(target, fc.constantFrom(...lanes), (seconds, base) => {
      const none = { share: 0 };
      const table = new LaneTable([{ name: 'x', base, targetMs: seconds * 1_000, share: 0 }], { high: none, normal: none, low: none });
      const stage = new Stage({ policy: { lanes: table } });
      arriveAll(stage, 20, (index) => table.all[(7 * index) % table.all.length]!.written);
      const served = serve(stage, 20).map(({ mail }) => mail.lane);
      expect(served[0]?.name).toBe('immediate');
      const targets = served.filter(({ name }) => name !== 'immediate').map(({ targetMs }) => targetMs);
      expect(targets).toEqual(targets.toSorted((a, b) => (a === b ? 0 : a - b)));
    }),
  );
});

test('inside a tenant what should be begun first goes first: by its deadline, or by the target of its lane', () => {
  const minutes = fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined });
  fc.assert(
    fc.property(fc.array(fc.record({ ttl: minutes, age: fc.integer({ min: 0, max: 9 }) }), { minLength: 1, maxLength: 30 }), (mails) => {
      const stage = new Stage();
      const { wall } = stage.now;
      const tickets = mails.map(({ ttl, age }) =>
        stage.arrive({ acceptedAt: wall - age * 60_000, ...(ttl !== undefined && { deadline: wall + ttl * 60_000 }) }),
      );
      const startBy = ({ acceptedAt, deadline }: Ticket) => Math.min(deadline ?? Infinity, acceptedAt + 5 * 60_000);
      // The sort is stable: what is equal stays in the order of arrival.
      expect(ticketsOf(serve(stage, tickets.length))).toEqual(tickets.toSorted((a, b) => startBy(a) - startBy(b)));
    }),
  );
});

describe('an upstream in trouble', () => {
  const trouble = fc.constantFrom('is down', 'is at its limit', 'never answers', 'has no sender');
  const upstreams = fc.constantFrom(['main', 'sick'], ['sick', 'main']);
  const mail = fc.record({ upstream: fc.constantFrom('main', 'sick'), lane: fc.constantFrom(...lanes), tenant: fc.constantFrom('acme', 'globex') });

  test('changes nothing in what another one is given, nor in what order', () => {
    fc.assert(
      fc.property(upstreams, trouble, fc.array(mail, { maxLength: 40 }), (names, kind, mails) => {
        const healthy = mails.filter(({ upstream }) => upstream === 'main');
        const alone = servedByMain(names, healthy);
        expect(alone).toHaveLength(healthy.length);
        expect(servedByMain(names, mails, (stage) => makeTrouble(stage, names, kind))).toEqual(alone);
      }),
    );
  });

  /** Which of the mails for `main` were served, in order. */
  function servedByMain(
    names: readonly string[],
    mails: readonly { readonly upstream: string; readonly lane: Lane; readonly tenant: string }[],
    spoil: (stage: Stage) => void = () => {},
  ): number[] {
    const stage = new Stage({ upstreams: names });
    spoil(stage);
    const ids: string[] = [];
    for (const { upstream, ...parts } of mails) {
      const ticket = stage.arrive({ ...parts, recipients: recipientsBy(names, upstream) });
      if (upstream === 'main') ids.push(ticket.id);
    }
    stage.takeSent();
    return ticketsOf(serve(stage, ids.length)).map(({ id }) => ids.indexOf(id));
  }

  function makeTrouble(stage: Stage, names: readonly string[], kind: string): void {
    if (kind === 'has no sender') return;
    stage.join('of the sick', { sick: kind === 'is at its limit' ? 0 : 5 });
    if (kind !== 'is down') return;
    stage.arrive({ recipients: recipientsBy(names, 'sick') });
    for (let failure = 0; failure < defaultPolicy.breaker.failures; failure += 1) stage.report(stage.takeOnlySent(), 'upstreamDown');
  }

  /** The stage sends this domain to the last upstream, all else to the first. */
  function recipientsBy(names: readonly string[], upstream: string): Ticket['recipients'] {
    return recipientsOf(1, names.at(-1) === upstream ? 'other.example' : 'example.net');
  }
});

test('what is past its deadline is never started, and does not stay', () => {
  const mail = fc.record({ ttl: fc.integer({ min: 1, max: 60 }), delay: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }) });
  const move = fc.oneof(
    fc.record({ pass: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ outcome: fc.constantFrom('delivered', 'deferred', 'upstreamDown') }),
  );
  fc.assert(
    fc.property(fc.array(mail, { maxLength: 20 }), fc.array(move, { maxLength: 40 }), (mails, moves) => {
      const stage = new Stage({
        policy: { retry: { ...defaultPolicy.retry, default: { kind: 'fixed', delaysMs: [5_000, ...moves.map(() => 5_000)] } } },
      });
      for (const { ttl, delay } of mails) {
        const { wall } = stage.now;
        stage.arrive({ deadline: wall + ttl * 1_000, ...(delay !== undefined && { due: wall + delay * 1_000 }) });
      }
      stage.join('sender', { main: 1 });
      for (const step of moves) {
        if ('pass' in step) stage.pass(step.pass * 1_000);
        else for (const attempt of stage.takeSent()) stage.report(attempt, step.outcome);
        stage.join('sender', { main: 1 }, { held: heldOf(stage) });
      }
      for (const attempt of stage.takeSent()) stage.report(attempt, 'deferred');
      stage.pass(120_000);
      const deadlines = new Map(
        stage.events.flatMap((event) => (event.kind === 'accepted' ? [[event.id, event.ticket.deadline ?? 0] as const] : [])),
      );
      for (const event of stage.events) if (event.kind === 'started') expect(event.at).toBeLessThan(deadlines.get(event.id) ?? 0);
      expect(stage.engine.size).toBe(0);
    }),
  );

  /** A hello must name what the sender holds: what was sent and not looked at. */
  function heldOf(stage: Stage): { attempt: string; begun: boolean }[] {
    return stage.sent.map(({ id }) => ({ attempt: id, begun: false }));
  }
});

/** Sums up to each place: that of a stretch is the difference of two. */
function runningSums(values: readonly number[]): number[] {
  const sums = [0];
  for (const value of values) sums.push((sums.at(-1) ?? 0) + value);
  return sums;
}

function eachStretch(length: number, check: (from: number, to: number) => void): void {
  for (let from = 0; from < length; from += 1) for (let to = from + 1; to <= length; to += 1) check(from, to);
}
