import { describe, expect, it } from 'vitest';
import { readWorkload, type WorkloadError } from './read-workload.ts';

const least = `
for: 1h
sources:
  app: { arrivals: { steady: { rate: 6/m } } }
`;

function faultsOf(text: string): readonly string[] {
  try {
    readWorkload(text, 'w.yaml');
    return [];
  } catch (error) {
    return (error as WorkloadError).faults;
  }
}

describe('a workload', () => {
  it('needs a length and a source; all else has a usual value', () => {
    const workload = readWorkload(least, 'w.yaml');
    expect(workload).toMatchObject({ forMs: 3_600_000, senders: { count: 1, changes: [] }, jumps: [], network: { latencyMs: 1, cutEveryMs: null } });
    expect(workload.sources[0]).toMatchObject({
      name: 'app',
      lane: { lane: 'normal' },
      tenants: [['default', 1]],
      ttlMs: null,
      recipients: 1,
      fromMs: 0,
    });
    expect(workload.sources[0]?.arrivals).toEqual([{ kind: 'steady', rate: 6 / 60_000 }]);
  });

  it('counts the hours of the day by the offset of its start', () => {
    expect(readWorkload(`start: 2029-06-02T14:30:00+02:00\n${least}`, 'w.yaml')).toMatchObject({
      startsAt: Date.parse('2029-06-02T12:30:00Z'),
      intoDayMs: 14.5 * 3_600_000,
    });
  });

  it('is JSON as well', () => {
    const json = JSON.stringify({ for: '1m', sources: { app: { lane: 'low', arrivals: [{ campaign: { mails: 5, rate: '1/s' } }] } } });
    expect(readWorkload(json, 'w.json').sources[0]).toMatchObject({
      lane: { lane: 'low' },
      arrivals: [{ kind: 'campaign', atMs: 0, mails: 5, rate: 0.001 }],
    });
  });

  it('tells every fault with its key, what came and what was expected', () => {
    const faults = faultsOf(`
for: soon
start: tomorrow
sources:
  otp: { lane: urgent, ttl: 600, arrivals: { steady: { rate: 5 } } }
  news: { tenant: acme, arrivals: [{ campain: { mails: 1, rate: 1/s } }] }
  none: {}
upstreams:
  main: { errors: { bounced: 120% }, latency: { p50: 2s, p99: 1s } }
crashes: { scheduler: { at: 1m, foor: 2s } }
senders: 3
costs: { decisionMicros: fast }
`);
    expect(faults).toEqual([
      expect.stringMatching(/^start: came 'tomorrow', expected a time with its offset such as/),
      expect.stringMatching(/^for: came 'soon', expected a duration such as 250ms/),
      "sources.otp.lane: came 'urgent', expected one of immediate, high, normal, low",
      expect.stringMatching(/^sources\.otp\.ttl: came 600, expected a duration/),
      'sources.otp.arrivals[0].steady.rate: came 5, expected a rate above 0 such as 5/s, 120/m, 3000/h or 100000/d',
      expect.stringMatching(
        /^sources\.news\.arrivals\[0\]\.campain: unknown \(did you mean campaign\?\); expected one of steady, bursts, daily, hourly, campaign$/,
      ),
      expect.stringMatching(/^sources\.news\.tenant: unknown \(did you mean tenants\?\); expected one of lane, tenants/),
      'sources.none.arrivals: came nothing, expected a pattern: one of steady, bursts, daily, hourly, campaign',
      "upstreams.main.latency.p99: came '1s', expected at least p50, which is 2000ms",
      "upstreams.main.errors.bounced: came '120%', expected a share such as 2% or 0.02",
      'senders: came 3, expected a mapping',
      expect.stringMatching(/^crashes\.scheduler\[0\]\.foor: unknown/),
      "costs.decisionMicros: came 'fast', expected a number of microseconds, or measured",
    ]);
  });

  it('says what is wrong with text that is no YAML', () => {
    expect(() => readWorkload('for: [', 'w.yaml')).toThrow(/^w\.yaml has a fault:\n {2}- /);
  });
});
