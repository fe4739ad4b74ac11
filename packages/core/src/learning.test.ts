import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Learning, leastPerSecond } from './learning.ts';
import { Stage } from './simulation/stage.ts';

const tooFast = { code: 421, enhanced: '4.7.28', text: 'Our system has detected an unusual rate of mail' };
const tooManyConnections = { code: 421, text: 'Too many concurrent connections' };

function complained(perSecond: number, atOnce = 10, reply: { code: number; text: string } = tooFast): Learning {
  const learning = new Learning();
  learning.hear(reply, () => ({ perSecond, atOnce }), 0);
  return learning;
}

/** How many go in this time when there is always more to send, and they end at once. */
function sentIn(learning: Learning, fromMs: number, toMs: number): number {
  let count = 0;
  for (let mono = fromMs; mono < toMs; mono += 1) {
    learning.pass(mono);
    for (; learning.freeAt(0, mono) <= mono; count += 1) learning.take(1, mono);
  }
  return count;
}

describe('what is learned of an upstream', () => {
  test('is nothing before it complains', () => {
    const learning = new Learning();
    expect([learning.isInForce, learning.perSecond, learning.atOnce, learning.freeAt(1_000, 0)]).toEqual([false, Infinity, Infinity, -Infinity]);
  });

  test('falls to half of what it was given at once, and again after what was under way has had its say', () => {
    const learning = complained(100);
    expect(learning.perSecond).toBe(50);
    learning.hear(tooFast, () => ({ perSecond: 100, atOnce: 10 }), 4_999);
    expect(learning.perSecond).toBe(50);
    learning.hear(tooFast, () => ({ perSecond: 40, atOnce: 10 }), 5_000);
    expect(learning.perSecond).toBe(20);
  });

  test('is of attempts at once where the reply speaks of connections', () => {
    const learning = complained(100, 10, tooManyConnections);
    expect([learning.perSecond, learning.atOnce]).toEqual([Infinity, 5]);
    expect([learning.freeAt(4, 1), learning.freeAt(5, 1)]).toEqual([-Infinity, Infinity]);
  });

  test.each([
    { code: 452, enhanced: '4.3.1', text: 'Too many messages' },
    { code: 450, enhanced: '4.2.1', text: 'The user you are trying to contact is receiving mail too quickly' },
    { code: 451, enhanced: '4.5.3', text: 'Too many recipients' },
    { code: 451, enhanced: '4.3.0', text: 'Try again later' },
    { code: 450, text: 'Greylisted' },
    { code: 0, text: 'too many connections, as we say ourselves' },
  ])('is not touched by $code $enhanced $text', (reply) => {
    expect(complained(100, 10, reply).isInForce).toBe(false);
  });

  test('climbs back by a twentieth of what it was given in each ten seconds', () => {
    const learning = complained(100);
    for (const [mono, rate] of [
      [9_999, 50],
      [10_000, 55],
      [60_000, 80],
      [100_000, 100],
      [110_000, 105],
      [120_000, 110.25],
    ] as const) {
      learning.pass(mono);
      expect(learning.perSecond).toBeCloseTo(rate);
    }
  });

  test('is forgotten when it kept nothing back for ten minutes, and not before', () => {
    const learning = complained(100);
    sentIn(learning, 0, 1_000);
    learning.pass(600_000);
    expect(learning.isInForce).toBe(true);
    learning.pass(601_000);
    expect(learning.isInForce).toBe(false);
  });

  test('of latency: far above the usual it takes a quarter from what is under way, and climbs back when it is usual again', () => {
    const learning = new Learning();
    const given = () => ({ perSecond: 10, atOnce: 20 });
    for (let mono = 0; mono < 100_000; mono += 1_000) learning.observe(200, given, mono);
    expect(learning.isInForce).toBe(false);
    for (let mono = 100_000; mono < 104_000; mono += 1_000) learning.observe(9_000, given, mono);
    expect(learning.atOnce).toBe(15);
    for (let mono = 104_000; mono < 110_000; mono += 1_000) learning.observe(9_000, given, mono);
    expect(learning.atOnce).toBe(11);
    for (let mono = 110_000; mono < 130_000; mono += 1_000) learning.observe(200, given, mono);
    const lowest = learning.atOnce;
    learning.pass(150_000);
    expect(learning.atOnce).toBeGreaterThan(lowest);
    learning.pass(400_000);
    expect(learning.atOnce).toBeGreaterThan(20);
  });

  test('of latency: what stays as slow with half of it is given half, however long that lasts', () => {
    const learning = new Learning();
    const given = () => ({ perSecond: 10, atOnce: Math.min(20, learning.atOnce) });
    for (let mono = 0; mono < 100_000; mono += 1_000) learning.observe(200, given, mono);
    for (let mono = 100_000; mono < 700_000; mono += 1_000) {
      learning.observe(9_000, given, mono);
      learning.pass(mono);
    }
    expect(learning.atOnce).toBe(10);
  });

  test('of latency: what is slow as ever, or quick all the same, teaches nothing', () => {
    const given = () => ({ perSecond: 10, atOnce: 20 });
    const [slow, quick] = [new Learning(), new Learning()];
    for (let mono = 0; mono < 100_000; mono += 1_000) {
      slow.observe(8_000, given, mono);
      quick.observe(mono < 50_000 ? 20 : 1_500, given, mono);
    }
    expect([slow.isInForce, quick.isInForce]).toEqual([false, false]);
  });

  test('is kept to, whatever the rate: in a time no more than the rate and what may go at once, and hardly less', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.4, max: 400, noNaN: true }), (given) => {
        const learning = complained(given);
        const rate = learning.perSecond;
        const count = sentIn(learning, 0, 9_900);
        expect(count).toBeLessThanOrEqual(rate * 9.9 + 1);
        expect(count).toBeGreaterThanOrEqual(Math.floor(rate * 9.9 * 0.97) - 1);
      }),
      { numRuns: 50 },
    );
  });

  test('never falls below the least, whatever is said when, and always lets something go in the end', () => {
    const event = fc.record({
      afterMs: fc.nat(30_000),
      reply: fc.constantFrom(tooFast, tooManyConnections),
      perSecond: fc.double({ min: 0, max: 1_000, noNaN: true }),
      atOnce: fc.nat(100),
      tookMs: fc.nat(100_000),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 100 }), (events) => {
        const learning = new Learning();
        let mono = 0;
        for (const { afterMs, reply, perSecond, atOnce, tookMs } of events) {
          mono += afterMs;
          const [rate, places] = [learning.perSecond, learning.atOnce];
          learning.hear(reply, () => ({ perSecond, atOnce }), mono);
          learning.observe(tookMs, () => ({ perSecond, atOnce }), mono);
          expect(learning.perSecond).toBeLessThanOrEqual(rate);
          expect(learning.atOnce).toBeLessThanOrEqual(places);
          learning.pass(mono);
          expect(learning.perSecond).toBeGreaterThanOrEqual(leastPerSecond);
          expect(learning.atOnce).toBeGreaterThanOrEqual(1);
          expect(learning.freeAt(0, mono)).toBeLessThanOrEqual(mono + 6_001);
          if (learning.freeAt(0, mono) <= mono) learning.take(1, mono);
          for (const { limit, used, windowMs } of learning.uses(0, mono)) if (windowMs !== null) expect(used).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });
});

/** So many mails, given to a sender with room for them, at so many a second. */
function busyStage(count: number, perSecond: number, policy = {}): Stage {
  const stage = new Stage({ policy });
  stage.join('s', { main: 1_000 });
  for (let sent = 0; sent < count; sent += 1) {
    stage.arrive();
    stage.pass(1_000 / perSecond);
    if (sent < count - 1) for (const attempt of stage.takeSent()) stage.report(attempt, 'delivered');
  }
  return stage;
}

describe('an upstream that complains', () => {
  test('is given half of what it was given, and a waiting mail is told so', () => {
    const stage = busyStage(100, 20);
    stage.refuse(stage.takeOnlySent(), tooFast);
    const [rate] = stage.engine.upstreams()[0]?.learned ?? [];
    expect((1_000 * (rate?.limit ?? 0)) / (rate?.windowMs ?? 1)).toBeCloseTo(10, 0);
    const { id } = stage.arrive();
    expect(stage.sent).toEqual([]);
    const [gate] = stage.engine.explain(id, stage.now)[0]?.gates ?? [];
    expect(gate).toMatchObject({ reason: 'UPSTREAM_LIMIT', detail: { kind: 'limit', scope: 'upstream:main', learned: true, limit: rate?.limit } });
    const wake = stage.engine.nextWake(stage.now) ?? Infinity;
    expect(wake).toBe((gate?.until ?? 0) - stage.now.wall);
    stage.pass(wake);
    expect(stage.sent).toHaveLength(1);
  });

  test('is given no more than that for as long as it has not climbed', () => {
    const stage = busyStage(100, 20);
    stage.refuse(stage.takeOnlySent(), tooFast);
    for (let index = 0; index < 200; index += 1) stage.arrive();
    let sent = 0;
    for (let ms = 0; ms < 9_000; ms += 10) {
      stage.pass(10);
      for (const attempt of stage.takeSent()) {
        stage.report(attempt, 'delivered');
        sent += 1;
      }
    }
    expect(sent).toBeGreaterThanOrEqual(85);
    expect(sent).toBeLessThanOrEqual(95);
  });

  test('of connections is given half as many attempts at once', () => {
    const stage = new Stage();
    stage.join('s', { main: 8 });
    for (let index = 0; index < 20; index += 1) stage.arrive();
    const [first, ...others] = stage.takeSent();
    stage.refuse(first!, tooManyConnections);
    expect(stage.engine.upstreams()[0]?.learned).toEqual([{ windowMs: null, limit: 4, used: 7 }]);
    for (const attempt of others.slice(0, 4)) stage.report(attempt, 'delivered');
    expect(stage.takeSent()).toHaveLength(1);
  });

  test('takes as little as is configured where that is less', () => {
    const stage = busyStage(40, 20, { upstreamRules: new Map([['main', { limits: { perHour: 40 }, adaptive: true }]]) });
    stage.refuse(stage.takeOnlySent(), tooFast);
    const { id } = stage.arrive();
    expect(stage.engine.explain(id, stage.now)[0]?.gates[0]).toMatchObject({ detail: { limit: 40, windowMs: 3_600_000, learned: false } });
  });

  test('is not learned where that is not wanted', () => {
    const stage = busyStage(40, 20, { upstreamRules: new Map([['main', { limits: {}, adaptive: false }]]) });
    stage.refuse(stage.takeOnlySent(), tooFast);
    expect(stage.engine.upstreams()[0]?.learned).toEqual([]);
    stage.arrive();
    expect(stage.sent).toHaveLength(1);
  });

  test('leaves its mail to another member of its group while it is at what was learned', () => {
    const members = [
      { upstream: 'main', priority: 0, weight: 1 },
      { upstream: 'other', priority: 1, weight: 1 },
    ];
    const stage = new Stage({
      upstreams: ['main', 'other'],
      groups: [{ name: 'pool', members, overflow: true }],
      routes: [{ match: { kind: 'any' }, upstream: 'pool' }],
    });
    stage.join('s', { main: 10, other: 10 });
    stage.arrive();
    stage.refuse(stage.takeOnlySent(), tooFast);
    stage.arrive();
    expect(stage.takeOnlySent().upstream).toBe('other');
  });
});
