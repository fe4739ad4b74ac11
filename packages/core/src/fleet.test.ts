import { describe, expect, test } from 'vitest';
import { LaneTable } from './lane-table.ts';
import { Fleet, type FleetPolicy, type UpstreamReading } from './fleet.ts';
import { Stage, touchy } from './simulation/stage.ts';

const policy: FleetPolicy = { lanes: new LaneTable(), bulkWithinMs: 3_600_000, calendar: [], lookAheadMs: 600_000 };
const start = Temporal.ZonedDateTime.from('2026-11-28T14:00[Europe/Amsterdam]').epochMilliseconds;

/** Traffic of normal mail, so many senders, and what they and the upstream can do, a second at a time. */
class Town {
  readonly fleet: Fleet;
  arriving = 0;
  senders = 1;
  perSender = 50;
  upstreamMost = Infinity;
  limits: Partial<UpstreamReading> = {};
  ready = 0;
  #seconds = 0;
  #arrived = 0;
  #concluded = 0;

  constructor(calendar: FleetPolicy['calendar'] = []) {
    this.fleet = new Fleet({ ...policy, calendar });
  }

  /** The senders follow what is needed when `follow` says so. */
  live(seconds: number, follow = false): number {
    for (let second = 0; second < seconds; second += 1) {
      this.#arrived += this.arriving;
      this.ready += this.arriving;
      const done = Math.min(this.ready, this.senders * this.perSender, this.upstreamMost);
      this.ready -= done;
      this.#concluded += done;
      this.#seconds += 1;
      this.fleet.observe([this.#reading()], this.senders, { wall: start + this.#seconds * 1_000, mono: this.#seconds * 1_000 });
      // As the supervisor does: not at every change.
      if (follow && second % 60 === 59) this.senders = Math.min(20, this.fleet.need.needed);
    }
    return this.fleet.need.needed;
  }

  #reading(): UpstreamReading {
    return {
      name: 'main',
      ready: [0, 0, this.ready, 0],
      arrived: [0, 0, this.#arrived, 0],
      concluded: this.#concluded,
      tookMs: this.#concluded * 400,
      full: this.ready > 0,
      late: 0,
      isUp: true,
      rateLimit: Infinity,
      atOnce: Infinity,
      ...this.limits,
    };
  }
}

describe('Fleet', () => {
  test('learns what a sender can do when it does all it can, and asks for as many as keep up', () => {
    const town = new Town();
    town.arriving = 400;
    expect(town.live(1_800, true)).toBe(10);
    expect(town.ready).toBe(0);
  });

  test('has learned within ten seconds that senders do a sixth of what they were taken for', () => {
    const town = new Town();
    town.perSender = 16;
    town.arriving = 1_000;
    town.live(10);
    town.arriving = 0;
    const enough = (town.ready / 300 / 16) * 1.25;
    expect(town.live(1)).toBeGreaterThan(enough * 0.75);
  });

  test('asks for fewer when the traffic has gone', () => {
    const town = new Town();
    town.arriving = 400;
    town.live(1_800, true);
    town.arriving = 0;
    expect(town.live(1_800, true)).toBe(1);
  });

  test('does not ask for ever more senders of an upstream that is slow without a limit that is known', () => {
    const town = new Town();
    town.arriving = 400;
    town.upstreamMost = 60;
    town.live(540, true);
    expect(town.senders).toBeLessThanOrEqual(4);
    const before = town.senders;
    town.live(60, true);
    expect(town.senders).toBeLessThanOrEqual(before);
  });

  test('asks for no more than the limits of an upstream can use: its rate, and its connections at the length of its transactions', () => {
    const town = new Town();
    town.arriving = 1_000;
    town.limits = { rateLimit: 100 };
    expect(town.live(300)).toBe(3);
    town.limits = { atOnce: 40 };
    expect(town.live(1)).toBe(3);
    town.limits = { isUp: false };
    expect(town.live(1)).toBe(1);
  });

  test('has the senders of a peak there before it, in proportion to what was usual before, and lets them go after it', () => {
    const peak = { days: [6], fromMinute: 16 * 60, toMinute: 18 * 60, timeZone: 'Europe/Amsterdam', multiplier: 4, freeze: false };
    const town = new Town([peak]);
    town.arriving = 70;
    expect(town.live(109 * 60, true)).toBe(2);
    expect(town.live(2 * 60, true)).toBe(8);
    // The traffic is what was foretold: the multiplier does not come on top of it.
    town.arriving = 280;
    expect(town.live(60 * 60, true)).toBe(8);
    town.arriving = 70;
    expect(town.live(75 * 60, true)).toBe(2);
  });

  test('does not foretell more than the upstreams allow', () => {
    const town = new Town([{ days: [6], fromMinute: 0, toMinute: 1_440, timeZone: 'UTC', multiplier: 50, freeze: false }]);
    town.limits = { rateLimit: 200 };
    expect(town.live(10)).toBe(3);
  });

  test('never asks for fewer while the calendar freezes', () => {
    const freeze = { days: [6], fromMinute: 15 * 60, toMinute: 16 * 60, timeZone: 'Europe/Amsterdam', multiplier: 1, freeze: true };
    const town = new Town([freeze]);
    town.arriving = 200;
    expect(town.live(3_600, true)).toBe(5);
    town.arriving = 0;
    expect(town.live(3_590)).toBe(5);
    expect(town.fleet.need.frozen).toBe(true);
    expect(town.live(20)).toBe(1);
  });
});

test('the engine tells how the mail for each upstream stands', () => {
  const stage = new Stage();
  stage.arrive();
  stage.arrive({ lane: 'low' });
  stage.arrive({ lane: 'low' });
  expect(stage.engine.readDestinations()).toMatchObject([{ name: 'main', ready: [0, 0, 1, 2], concluded: 0, full: true }]);
  stage.join('sender', { main: 1 });
  const attempt = stage.takeOnlySent();
  stage.tell({ kind: 'credit', sender: 'sender', upstream: 'main', window: 0 });
  stage.tell({
    kind: 'reported',
    sender: 'sender',
    outcomes: [
      {
        attempt: attempt.id,
        id: attempt.mail.ticket.id,
        tookMs: 120,
        recipients: [{ recipients: [0], outcome: 'delivered', reply: { code: 250, text: 'ok' } }],
      },
    ],
  });
  expect(stage.engine.readDestinations()).toMatchObject([
    { ready: [0, 0, 0, 2], arrived: [0, 0, 1, 2], concluded: 1, tookMs: 120, full: true, isUp: true },
  ]);
  stage.tell({ kind: 'credit', sender: 'sender', upstream: 'main', window: 5 });
  expect(stage.engine.readDestinations()).toMatchObject([{ ready: [0, 0, 0, 0], full: false }]);
});

test('the census tells how much of what is late waits for which upstream', () => {
  const stage = new Stage({ upstreams: ['main', 'other'] });
  stage.arrive();
  stage.arrive({ recipients: [{ address: 'a@other.example' }] });
  stage.pass(5 * 60_000 + 1);
  stage.arrive({ acceptedAt: stage.now.wall });
  expect(stage.engine.census(stage.now.wall).destinations.map(({ late }) => late)).toEqual([1, 1]);
});

test('what a group takes is what its members take that may be used now, by what is configured and by what was learned', () => {
  const rule = (limit: number, adaptive = false) => ({ limits: { perSecond: limit }, adaptive });
  const upstreamRules = new Map([
    ['a', rule(10)],
    ['b', rule(20, true)],
    ['standby', rule(500)],
  ]);
  const members = ['a', 'b', 'standby'].map((upstream, place) => ({ upstream, weight: 1, priority: place < 2 ? 0 : 1 }));
  const groups = [{ name: 'pool', members, overflow: false }];
  const stage = new Stage({ upstreams: ['a', 'b', 'standby'], groups, policy: { ...touchy, upstreamRules } });
  const taken = () => Math.round(stage.engine.readDestinations().find(({ name }) => name === 'pool')?.rateLimit ?? 0);
  const check = (upstream: string, ok: boolean) => stage.tell({ kind: 'checked', sender: 's', upstream, ok, trouble: ok ? '' : 'refused' });
  stage.join('s', { a: 5, b: 5, standby: 5 });
  expect(taken()).toBe(30);
  check('a', false);
  expect(taken()).toBe(20);
  check('b', false);
  expect(taken()).toBe(500);
  check('standby', false);
  expect(taken()).toBe(530);
  check('b', true);
  stage.pass(6 * 60_000);
  expect(taken()).toBe(20);
});

test('an upstream takes what was learned of it where that is lower than what is configured', () => {
  const stage = new Stage({ policy: { upstreamRules: new Map([['main', { limits: { perSecond: 1_000 }, adaptive: true }]]) } });
  stage.join('s', { main: 5 });
  stage.arrive();
  stage.refuse(stage.takeOnlySent(), { code: 421, enhanced: '4.7.28', text: 'Our system has detected an unusual rate of mail' });
  const [learned] = stage.engine.upstreams()[0]?.learned ?? [];
  const [reading] = stage.engine.readDestinations();
  expect(learned?.windowMs).toBeGreaterThan(0);
  expect(reading?.rateLimit).toBeLessThan(1_000);
});
