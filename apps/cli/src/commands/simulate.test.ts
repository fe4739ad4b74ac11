import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '@posthaste/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { posthaste } from '../rig.ts';

const workloadText = `
name: try
for: 5m
sources:
  codes: { lane: immediate, ttl: 10m, arrivals: { steady: { rate: 1/s } } }
  news: { lane: low, tenants: acme, arrivals: { campaign: { mails: 1500, rate: 100/s } } }
upstreams: { main: { latency: { p50: 1s, p99: 2s } } }
`;
const samples = join(import.meta.dirname, '../../../../deploy/samples');
let folder: string;
const file = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-simulate-'));
  writeFileSync(file('workload.yaml'), workloadText);
  writeFileSync(file('now.yaml'), 'upstreams: { main: "smtp://127.0.0.1:1025?connections=4" }\nrelay: { listen: 127.0.0.1:1 }\n');
  writeFileSync(file('new.yaml'), 'upstreams: { main: "smtp://127.0.0.1:1025?connections=40" }\n');
  writeFileSync(file('faulty.yaml'), 'for: 5 minutes\nsources: { codes: { arrivals: { stedy: { rate: 1/s } } } }\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('posthaste simulate', () => {
  it('shows latency by lane and tenant and the use of the upstreams, the same for the same seed', async () => {
    const args = ['simulate', '--config', file('now.yaml'), '--workload', file('workload.yaml')];
    const [table, json, again] = await Promise.all([posthaste(args), posthaste([...args, '-o', 'json']), posthaste([...args, '-o', 'json'])]);
    expect({ code: table.code, err: table.err }).toEqual({ code: 0, err: '' });
    expect(table.out).toMatch(
      /^LANE +MAILS +DELIVERED +P50 +P95 +P99 +MAX +LATE +EXPIRED +FAILED +RETRIED +IN DOUBT +TAKEN AS SENT +HELD +WAITING$/m,
    );
    expect(table.out).toMatch(/^acme +low +1500 /m);
    expect(table.out).toMatch(/^main +\d+ +[\d.]+\/s +\d+\/s/m);
    expect(again.out).toBe(json.out);
    const report = JSON.parse(json.out) as Report;
    expect(Object.keys(report)).toEqual([
      'workload',
      'seed',
      'virtualMs',
      'lanes',
      'tenants',
      'upstreams',
      'domains',
      'senders',
      'core',
      'checkedEvents',
    ]);
    expect(report).toMatchObject({
      workload: 'try',
      seed: 1,
      lanes: [
        { lane: 'immediate', unfinished: 0 },
        { lane: 'low', mails: 1500, delivered: 1500 },
      ],
    });
  });

  it('compares two configurations', async () => {
    const args = ['simulate', '--config', file('now.yaml'), '--compare', file('new.yaml'), '--workload', file('workload.yaml'), '--seed', '3'];
    const [table, json] = await Promise.all([posthaste(args), posthaste([...args, '-o', 'json'])]);
    const { reports } = JSON.parse(json.out) as { reports: Report[] };
    const [now, other] = reports.map(({ lanes }) => lanes.find(({ lane }) => lane === 'low')?.p99Ms ?? 0);
    expect(now).toBeGreaterThan(4 * (other ?? 0));
    expect(table.out).toMatch(/^acme low +1500 +1500 +\S+ > \S+ /m);
  });

  it('goes by groups, by limits and by what is allotted of connections', async () => {
    writeFileSync(
      file('groups.yaml'),
      `upstreams: { one: { host: 127.0.0.1, maxConnections: 3, limits: 2/s }, two: { host: 127.0.0.1, maxConnections: 30 } }
groups: { out: one>two overflow }
routes: ['*=out']
domains: { limits: { '*': 20/s } }
`,
    );
    writeFileSync(file('groups-workload.yaml'), workloadText.replace('main:', "'*':"));
    const args = ['simulate', '--config', file('groups.yaml'), '--workload', file('groups-workload.yaml')];
    const [table, json] = await Promise.all([posthaste(args), posthaste([...args, '-o', 'json'])]);
    expect(table.out).toMatch(/^one .* 2\/s +100 %/m);
    expect(table.out).toMatch(/^example.net +20\/s +100 %/m);
    const { upstreams, domains, lanes } = JSON.parse(json.out) as Report;
    expect(upstreams[0]?.limits).toEqual([{ window: 'perSecond', limit: 2, most: 2, share: 1 }]);
    expect(upstreams[1]?.delivered).toBeGreaterThan(500);
    expect(domains).toEqual([{ name: 'example.net', limits: [{ window: 'perSecond', limit: 20, most: 20, share: 1 }] }]);
    expect(lanes.map(({ unfinished }) => unfinished)).toEqual([0, 0]);
  });

  async function runSample(sample: string): Promise<Report> {
    const config = join(samples, sample, 'posthaste.yaml');
    const check = await posthaste(['config', 'check', '--config', config]);
    expect(check).toMatchObject({ code: 0, out: 'no faults\n' });
    const { code, out, err } = await posthaste(['simulate', '--config', config, '--workload', join(samples, sample, 'workload.yaml'), '-o', 'json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const report = JSON.parse(out) as Report;
    const [immediate] = report.lanes;
    expect(immediate).toMatchObject({ lane: 'immediate', expired: 0 });
    for (const { lane, recipients, delivered, failed, expired, held, unfinished } of report.lanes)
      expect({ lane, unfinished, sum: delivered + failed + expired + held }).toEqual({ lane, unfinished: 0, sum: recipients });
    for (const { limits } of [...report.upstreams, ...report.domains]) for (const { share } of limits) expect(share).toBeLessThanOrEqual(1);
    return report;
  }

  it('finds that the sample saas keeps one-time passwords within their target, through an outage and a newsletter', { timeout: 60_000 }, async () => {
    const { lanes, upstreams } = await runSample('saas');
    const [immediate, , , low] = lanes;
    expect(immediate?.p99Ms).toBeLessThan(10_000);
    expect(low?.delivered).toBeGreaterThan(11_000);
    const [primary, standby, newsletters] = upstreams;
    expect(primary?.outageMs).toBe(300_000);
    expect(standby?.delivered).toBeGreaterThan(500);
    expect(newsletters?.limits.find(({ window }) => window === 'perSecond')?.share).toBeGreaterThan(0.95);
  });

  it('finds that the sample wedding keeps the day’s mail on target through its peak, and delivers the guest lists', { timeout: 60_000 }, async () => {
    const { lanes, tenants } = await runSample('wedding');
    expect(lanes.map(({ lane }) => lane)).toEqual(['immediate', 'wedding-day', 'pre-wedding', 'low']);
    const [immediate, weddingDay] = lanes;
    expect(immediate?.p99Ms).toBeLessThan(15_000);
    expect(weddingDay).toMatchObject({ late: 0, expired: 0 });
    expect(weddingDay?.mails).toBeGreaterThan(20_000);
    expect(tenants.find(({ tenant, lane }) => tenant === 'venue-b' && lane === 'low')?.delivered).toBeGreaterThan(5_900);
  });

  it('names the key, what came and what was expected when the workload is faulty', async () => {
    const [faulty, away, missing] = await Promise.all([
      posthaste(['simulate', '--workload', file('faulty.yaml')]),
      posthaste(['simulate', '--workload', file('away.yaml')]),
      posthaste(['simulate']),
    ]);
    for (const { code, out } of [faulty, away, missing]) expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(faulty.err).toContain("for: came '5 minutes', expected a duration such as 250ms, 30s, 5m, 1h or 7d");
    expect(faulty.err).toContain('sources.codes.arrivals[0].stedy: unknown (did you mean steady?)');
    expect(away.err).toContain('away.yaml cannot be read');
    expect(missing.err).toContain('--workload: missing');
  });
});
