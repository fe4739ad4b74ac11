import { defaultPolicy, type EnginePolicy, LaneTable, Router, type UpstreamGroup } from '@posthaste/core';
import { describe, expect, it } from 'vitest';
import { readWorkload, type Report, simulate } from './index.ts';

interface Setting {
  readonly seed?: number;
  readonly policy?: Partial<EnginePolicy>;
  readonly upstreams?: readonly string[];
  readonly connections?: number;
  readonly groups?: readonly UpstreamGroup[];
}

function run(text: string, { seed = 1, policy = {}, upstreams = ['main'], connections = 20, groups = [] }: Setting = {}): Report {
  const router = new Router(
    upstreams,
    upstreams.map((upstream) => ({ match: { kind: 'domain', value: `${upstream}.example` }, upstream: groups[0]?.name ?? upstream })),
    groups,
  );
  return simulate({
    workload: readWorkload(text, 'workload.yaml'),
    configuration: {
      router,
      policy: { ...defaultPolicy, ...policy },
      connections: new Map(upstreams.map((name) => [name, connections])),
      checkEveryMs: 30_000,
    },
    seed,
    stopwatch: () => {
      throw new Error('the time of this machine was asked for');
    },
  });
}

const steady = (rate: string) => `arrivals: { steady: { rate: ${rate} } }`;

describe('simulate', () => {
  it('makes the same report of the same seed, and another one of another', () => {
    const text = `{ for: 5m, sources: { app: { ${steady('2/s')} } }, upstreams: { main: { errors: { deferred: 5% } } } }`;
    const [one, again, other] = [run(text), run(text), run(text, { seed: 2 })];
    expect(again).toEqual(one);
    expect(other.lanes).not.toEqual(one.lanes);
  });

  it('takes a quiet mail as long as the surroundings take', () => {
    const { lanes } = run(`{ for: 10m, sources: { app: { ${steady('1/m')} } }, upstreams: { main: { latency: { p50: 100ms, p99: 100ms } } } }`);
    // Accepted 2 ms, journalled 2 ms, to the sender 1 ms, the transaction.
    expect(lanes[0]).toMatchObject({ unfinished: 0, late: 0 });
    expect(lanes[0]?.p50Ms).toBeGreaterThanOrEqual(105);
    expect(lanes[0]?.maxMs).toBeLessThanOrEqual(108);
  });

  it('lets urgent mail overtake a campaign that the upstream cannot keep up with', () => {
    const { lanes } = run(`
for: 10m
sources:
  otp: { lane: immediate, ${steady('1/s')} }
  news: { lane: low, tenants: acme, arrivals: { campaign: { mails: 10000, rate: 1000/s } } }
upstreams: { main: { latency: { p50: 500ms, p99: 600ms }, connections: 20 } }`);
    const [immediate, low] = lanes;
    expect(immediate?.maxMs).toBeLessThan(2_500);
    expect(low?.p50Ms).toBeGreaterThan(60_000);
    expect([immediate?.unfinished, low?.unfinished]).toEqual([0, 0]);
  });

  it('expires what an outage makes useless, and delivers the rest after it', () => {
    const { lanes, upstreams } = run(`
for: 10m
sources:
  otp: { lane: immediate, ttl: 1m, ${steady('1/s')} }
  receipts: { lane: high, ${steady('1/s')} }
upstreams: { main: { outages: { at: 2m, for: 5m } } }`);
    const [immediate, high] = lanes;
    expect(immediate?.expired).toBeGreaterThan(180);
    expect(immediate?.delivered).toBe((immediate?.mails ?? 0) - (immediate?.expired ?? 0));
    expect(high).toMatchObject({ expired: 0, failed: 0, delivered: high?.mails });
    expect(upstreams[0]?.outageMs).toBe(300_000);
  });

  describe('an upstream that refuses what comes too fast', () => {
    const burst = `{ for: 2m, sources: { app: { arrivals: { bursts: { every: 2m, mails: 300, within: 1s } } } }, upstreams: { main: { perSecond: 50 } } }`;
    const careless = { upstreamRules: new Map([['main', { limits: {}, adaptive: false }]]) };

    it('is counted', () => {
      const { upstreams, lanes } = run(burst, { policy: careless });
      expect(upstreams[0]).toMatchObject({ limitPerSecond: 50 });
      expect(upstreams[0]?.refusedByRate).toBeGreaterThan(100);
      expect(lanes[0]?.retried).toBeGreaterThan(100);
    });

    it('has to refuse far less when what it takes is learned', () => {
      const { upstreams } = run(burst);
      const { upstreams: carelessly } = run(burst, { policy: careless });
      expect(upstreams[0]?.refusedByRate).toBeGreaterThan(0);
      expect(upstreams[0]?.refusedByRate).toBeLessThan((carelessly[0]?.refusedByRate ?? 0) / 2);
    });
  });

  it('tries greylisted mail again when it is let in', () => {
    const { lanes } = run(
      `{ for: 2m, sources: { app: { people: 1000000, ${steady('1/s')} } }, upstreams: { main: { greylisting: { share: 100%, for: 90s } } } }`,
    );
    expect(lanes[0]?.p50Ms).toBeGreaterThanOrEqual(90_000);
    expect(lanes[0]).toMatchObject({ delivered: lanes[0]?.mails, retried: lanes[0]?.mails });
  });

  it('keeps one upstream from holding up another', () => {
    const { tenants } = run(
      `
for: 5m
sources:
  one: { tenants: one, domains: one.example, ${steady('2/s')} }
  two: { tenants: two, domains: two.example, ${steady('2/s')} }
upstreams: { one: { latency: { p50: 20s, p99: 30s } }, two: { latency: { p50: 100ms, p99: 200ms } } }`,
      { upstreams: ['one', 'two'] },
    );
    expect(tenants.find(({ tenant }) => tenant === 'two')?.maxMs).toBeLessThan(1_000);
    expect(tenants.find(({ tenant }) => tenant === 'one')?.p50Ms).toBeGreaterThan(15_000);
  });

  it('names an upstream of the workload that the configuration does not have', () => {
    const text = `{ for: 1m, sources: { app: { ${steady('1/s')} } }, upstreams: { mian: { connections: 3 } } }`;
    expect(() => run(text)).toThrow('upstreams.mian: the configuration has no such upstream (did you mean main?); expected one of main, *');
  });

  const stormy = `
for: 10m
drain: 1h
sources:
  otp: { lane: immediate, ttl: 5m, ${steady('1/s')} }
  news: { lane: low, tenants: { acme: 2, globex: 1 }, recipients: 3, domains: { one.example: 1, two.example: 1 }, arrivals: { campaign: { at: 1m, mails: 500, rate: 10/s } } }
  later: { delay: 7m, ${steady('10/m')} }
upstreams:
  '*':
    greylisting: { share: 5%, for: 1m }
    errors: { deferred: 3%, bounced: 1%, lost: 2% }
    outages: { every: 5m, for: 20s }
    slow: { every: 5m, for: 30s }
    connections: 10
senders: { count: 2, changes: [{ at: 4m, count: 3 }, { at: 8m, count: 1 }] }
crashes: { scheduler: { every: 3m, for: 2s }, senders: { every: 2m, for: 25s } }
network: { repeated: 2%, reordered: 5%, cutEvery: 1m }
clockJumps: [{ at: 3m, by: 1h }, { at: 6m, by: 30m, direction: back }]
`;

  it.each([1, 11, 21])('breaks no promise in a storm of everything (ten seeds from %i)', (first) => {
    for (let seed = first; seed < first + 10; seed += 1) {
      const report = run(stormy, { seed, upstreams: ['one', 'two'], connections: 8 });
      for (const { lane, recipients, delivered, expired, failed, unfinished } of report.lanes) {
        expect({ seed, lane, unfinished, sum: delivered + expired + failed }).toEqual({ seed, lane, unfinished: 0, sum: recipients });
      }
    }
  });

  it('exceeds no limit of upstreams, domains and connections in the same storm, and sends what is in doubt as its lane says', () => {
    const policy: Partial<EnginePolicy> = {
      upstreamRules: new Map([
        ['one', { limits: { perSecond: 5, perMinute: 200 }, maxConnections: 4, adaptive: true }],
        ['two', { limits: { concurrency: 3 }, maxConnections: 6, adaptive: true }],
      ]),
      domainLimits: new Map([['*', { perSecond: 6 }]]),
      lanes: new LaneTable([], { normal: { inDoubt: 'hold' }, low: { inDoubt: 'sent' } }),
    };
    const members = ['one', 'two'].map((upstream, priority) => ({ upstream, priority, weight: 1 }));
    const groups: UpstreamGroup[] = [{ name: 'out', members, overflow: true }];
    for (let seed = 1; seed <= 5; seed += 1) {
      const { lanes, upstreams, domains } = run(stormy, { seed, upstreams: ['one', 'two'], connections: 8, policy, groups });
      for (const { lane, recipients, delivered, expired, failed, held, unfinished } of lanes)
        expect({ seed, lane, unfinished, sum: delivered + expired + failed + held }).toEqual({ seed, lane, unfinished: 0, sum: recipients });
      expect(upstreams[0]?.limits[0]).toMatchObject({ window: 'perSecond', limit: 5, most: 5 });
      expect(domains.map(({ name }) => name).sort()).toEqual(['example.net', 'one.example', 'two.example']);
    }
  });
});
