import { describe, expect, test } from 'vitest';
import { recipientsOf, Stage, type StageOptions } from './simulation/stage.ts';
import type { Limits } from './upstream-rules.ts';

function limited(limits: Limits, options: StageOptions = {}): Stage {
  return new Stage({ ...options, policy: { upstreamRules: new Map([['main', { limits, adaptive: false }]]), ...options.policy } });
}

function forDomains(domainLimits: Record<string, Limits>): Stage {
  return new Stage({ policy: { domainLimits: new Map(Object.entries(domainLimits)) } });
}

function arrive(stage: Stage, count: number, domain = 'example.net'): void {
  for (let index = 0; index < count; index += 1) stage.arrive({ recipients: recipientsOf(1, domain) });
}

/** Their MAIL FROM was written this moment, and they are delivered. */
function deliver(stage: Stage): number {
  const sent = stage.takeSent();
  for (const attempt of sent) {
    stage.tell({ kind: 'written', sender: attempt.sender, attempts: [{ attempt: attempt.id, ageMs: 0 }] });
    stage.report(attempt, 'delivered');
  }
  return sent.length;
}

describe("an upstream's limit", () => {
  test('lets so many go, and wakes the engine when the next may', () => {
    const stage = limited({ perSecond: 2 });
    stage.join('s');
    arrive(stage, 5);
    expect(deliver(stage)).toBe(2);
    expect(stage.engine.nextWake(stage.now)).toBe(1_020);
    stage.pass(1_019);
    expect(deliver(stage)).toBe(0);
    stage.pass(1);
    expect(deliver(stage)).toBe(2);
  });

  test('counts from when MAIL FROM was written, as the sender says, or else from when it reported', () => {
    const stage = limited({ perSecond: 2 });
    stage.join('s');
    arrive(stage, 3);
    const [first, second] = stage.takeSent();
    stage.pass(500);
    stage.tell({ kind: 'written', sender: 's', attempts: [{ attempt: first!.id, ageMs: 400 }] });
    stage.report(second!, 'delivered');
    expect(stage.engine.nextWake(stage.now)).toBe(620);
  });

  test('holds its slot while nobody knows whether MAIL FROM was written: up to the end of the lease, and one window more', () => {
    const stage = limited({ perSecond: 1 });
    stage.join('s');
    arrive(stage, 2);
    stage.takeOnlySent();
    stage.pass(15_000);
    stage.join('another');
    expect(stage.takeSent()).toEqual([]);
    stage.pass(1_020);
    expect(stage.takeSent()).toHaveLength(1);
  });

  test('has its slot back at once when the attempt was not even begun', () => {
    const stage = limited({ perHour: 1 });
    stage.join('s');
    arrive(stage, 1);
    stage.report(stage.takeOnlySent(), 'draining');
    expect(stage.takeSent()).toHaveLength(1);
  });

  test('does not take the word of a hello for that: the begin may have been lost with the stream before', () => {
    const stage = limited({ perHour: 1 });
    stage.join('s');
    const ticket = stage.arrive();
    const { id } = stage.takeOnlySent();
    const recipients = [{ recipients: [0], outcome: 'upstreamDown' as const, reply: { code: 0, text: 'reset' } }];
    stage.join('s', { main: 5 }, { outcomes: [{ attempt: id, id: ticket.id, recipients }] });
    expect(stage.takeSent()).toEqual([]);
    expect(stage.engine.limits()).toEqual([{ key: 'upstream:main', uses: [{ windowMs: 3_600_000, limit: 1, used: 1 }] }]);
  });

  test('of concurrency bounds what is under way, over all senders', () => {
    const stage = limited({ concurrency: 3 });
    stage.join('one', { main: 2 });
    stage.join('two', { main: 2 });
    arrive(stage, 6);
    expect(stage.sent).toHaveLength(3);
    stage.report(stage.takeSent()[0]!, 'delivered');
    expect(stage.sent).toHaveLength(1);
  });

  test('of several windows: the one that is full decides', () => {
    const stage = limited({ perSecond: 2, perMinute: 3 });
    stage.join('s');
    arrive(stage, 5);
    expect(deliver(stage)).toBe(2);
    stage.pass(1_020);
    expect(deliver(stage)).toBe(1);
    expect(stage.engine.nextWake(stage.now)).toBe(15_000);
    for (let second = 0; second < 61; second += 1) {
      stage.tell({ kind: 'heartbeat', sender: 's' });
      stage.pass(1_000);
    }
    expect(deliver(stage)).toBe(2);
  });

  test('can be changed while it runs: a share that is lowered frees nothing until it is kept to', () => {
    const stage = limited({ perSecond: 4 });
    stage.join('s');
    arrive(stage, 9);
    expect(deliver(stage)).toBe(4);
    stage.tell({ kind: 'shares changed', shares: new Map([['upstream:main', { perSecond: 1 }]]) });
    stage.pass(1_020);
    expect(deliver(stage)).toBe(1);
    stage.tell({ kind: 'shares changed', shares: new Map([['upstream:main', { perSecond: 3 }]]) });
    expect(deliver(stage)).toBe(2);
  });

  test('tells a waiting mail so', () => {
    const stage = limited({ perMinute: 1 });
    stage.join('s');
    arrive(stage, 1);
    deliver(stage);
    const { id } = stage.arrive();
    expect(stage.engine.explain(id, stage.now)[0]?.gates[0]).toMatchObject({
      reason: 'UPSTREAM_LIMIT',
      until: stage.now.wall + 61_200,
      detail: { kind: 'limit', scope: 'upstream:main', limit: 1, windowMs: 60_000, used: 1 },
    });
  });
});

describe("a domain's limit", () => {
  test("keeps back its own mail and nobody else's", () => {
    const stage = forDomains({ 'slow.example': { perMinute: 1 } });
    stage.join('s');
    arrive(stage, 3, 'slow.example');
    arrive(stage, 2);
    expect(deliver(stage)).toBe(3);
    expect(stage.engine.nextWake(stage.now)).toBe(15_000);
    stage.pass(10_000);
    stage.tell({ kind: 'heartbeat', sender: 's' });
    stage.pass(10_000);
    stage.tell({ kind: 'heartbeat', sender: 's' });
    stage.pass(10_000);
    stage.tell({ kind: 'heartbeat', sender: 's' });
    stage.pass(10_000);
    stage.tell({ kind: 'heartbeat', sender: 's' });
    stage.pass(10_000);
    stage.tell({ kind: 'heartbeat', sender: 's' });
    expect(stage.engine.nextWake(stage.now)).toBe(11_200);
    stage.pass(11_200);
    expect(deliver(stage)).toBe(1);
  });

  test('holds for every domain by itself where it is for any, and a named one has its own', () => {
    const stage = forDomains({ '*': { perHour: 1 }, 'wide.example': { perHour: 3 } });
    stage.join('s');
    for (const domain of ['a.example', 'b.example', 'wide.example']) arrive(stage, 5, domain);
    expect(deliver(stage)).toBe(5);
  });

  test('counts messages: recipients of one message at one domain take one slot, those at others go with them only if theirs is free', () => {
    const stage = forDomains({ 'a.example': { perHour: 1 }, 'b.example': { perHour: 2 } });
    stage.join('s');
    const both = [...recipientsOf(3, 'a.example'), ...recipientsOf(2, 'b.example')];
    stage.arrive({ recipients: both });
    stage.arrive({ recipients: both });
    expect(stage.takeSent().map(({ recipients }) => recipients)).toEqual([
      [0, 1, 2, 3, 4],
      [3, 4],
    ]);
  });

  test('of concurrency lets the next go when one has ended', () => {
    const stage = forDomains({ '*': { concurrency: 1 } });
    stage.join('s');
    arrive(stage, 2);
    stage.report(stage.takeOnlySent(), 'delivered');
    expect(stage.takeSent()).toHaveLength(1);
  });

  test('is forgotten when nothing was sent there lately, however many domains there are', () => {
    const stage = forDomains({ '*': { perSecond: 1 } });
    stage.join('s', { main: 100 });
    for (let domain = 0; domain < 5_000; domain += 1) {
      arrive(stage, 1, `d${domain}.example`);
      deliver(stage);
      stage.pass(10);
      stage.tell({ kind: 'heartbeat', sender: 's' });
    }
    expect(stage.engine.limits().length).toBeLessThanOrEqual(2_001);
  });
});

describe('a successor', () => {
  const perHour = { upstreamRules: new Map([['main', { limits: { perHour: 3 }, adaptive: false }]]), domainLimits: new Map([['*', { perHour: 2 }]]) };

  test('goes on with what was used, of before the checkpoint and after it, and of what is under way', () => {
    const before = new Stage({ policy: perHour });
    before.join('s', { main: 9 });
    arrive(before, 1);
    deliver(before);
    before.pass(60_000);
    before.join('s', { main: 9 });
    const { snapshot } = before.engine.takeSnapshot();
    const from = before.events.length;
    arrive(before, 1);
    deliver(before);
    arrive(before, 1, 'b.example');
    const events = before.events.slice(from).map((event, sequence) => ({ event, epoch: 1, sequence }));
    const after = new Stage({ policy: perHour, epoch: 2 });
    after.pass(120_000);
    const none = { first: 1, last: 9, sameStream: true };
    const extents = { immediate: none, high: none, normal: none, low: none, wait: none };
    after.engine.restoreMarks({ snapshot: JSON.parse(JSON.stringify(snapshot)), events, extents, deadLast: 0, finishedIds: [] }, after.now);
    after.step();
    const uses = Object.fromEntries(after.engine.limits().map(({ key, uses: [hour] }) => [key, hour?.used]));
    // What is under way takes its slot when its mail is found to be: here it is not.
    expect(uses).toEqual({ 'upstream:main': 2, 'domain:example.net': 2 });
  });

  test('frees a slot when that much time has been seen to pass', () => {
    const before = new Stage({ policy: perHour });
    before.join('s', { main: 9 });
    arrive(before, 1);
    deliver(before);
    before.pass(1_000);
    const { snapshot } = before.engine.takeSnapshot();
    const after = new Stage({ policy: perHour, epoch: 2 });
    after.pass(5_000_000);
    const none = { first: 1, last: 0, sameStream: true };
    const extents = { immediate: none, high: none, normal: none, low: none, wait: none };
    after.engine.restoreMarks({ snapshot, events: [], extents, deadLast: 0, finishedIds: [] }, after.now);
    // However long nobody ruled: the clock may have been set meanwhile.
    after.pass(3_600_000 - 1_000);
    expect(after.engine.limits().find(({ key }) => key === 'upstream:main')?.uses[0]?.used).toBe(1);
    after.pass(18_000);
    expect(after.engine.limits().find(({ key }) => key === 'upstream:main')?.uses[0]?.used).toBe(0);
  });

  test('does not take for passed what lies between two owners before it, the second of which ruled for a moment', () => {
    const before = new Stage({ policy: perHour });
    before.join('s', { main: 9 });
    arrive(before, 1);
    deliver(before);
    const events = before.events.map((event, sequence) => ({ event, epoch: 1, sequence }));
    // Whoever came next wrote one word, by a wall clock that had been set two hours ahead.
    const at = before.now.wall + 7_200_000;
    events.push({ event: { kind: 'lifted', at, id: 'x' }, epoch: 2, sequence: events.length });
    const after = new Stage({ policy: perHour, epoch: 3 });
    const none = { first: 1, last: 9, sameStream: true };
    const extents = { immediate: none, high: none, normal: none, low: none, wait: none };
    after.engine.restoreMarks({ snapshot: null, events, extents, deadLast: 0, finishedIds: [] }, after.now);
    expect(after.engine.limits().find(({ key }) => key === 'upstream:main')?.uses[0]?.used).toBe(1);
  });
});
