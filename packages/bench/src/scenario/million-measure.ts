import { defaultPolicy, type EnginePolicy, Router } from '@posthaste/core';
import { readWorkload, type Report, simulate } from '@posthaste/simulator';

export interface MillionResult {
  readonly waiting: number;
  /** From acceptance to the upstream's yes, milliseconds. */
  readonly immediate: { readonly mails: number; readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  /** Mails a second that the upstream was given, on the average, and in any second at most. */
  readonly upstreamPerSecond: number;
  readonly limit: { readonly limit: number; readonly most: number };
  readonly core: Report['core'];
}

/** Mails a second that the upstream is configured to be given: for its turn low mail waits for hours. */
const limitPerSecond = 100;

const policy: EnginePolicy = {
  ...defaultPolicy,
  upstreamRules: new Map([['main', { limits: { perSecond: limitPerSecond }, adaptive: true }]]),
};

/** Forty connections that take 200 ms a mail could do twice what the limit allows: it is the limit that all wait for. Codes come when all of it waits. */
const workload = (waiting: number) => `
name: million
for: 5m
drain: 5s
sources:
  bulk: { lane: low, tenants: [a, b, c, d], arrivals: { campaign: { mails: ${waiting}, rate: 100000/s } } }
  codes: { lane: immediate, from: 1m, ttl: 10m, arrivals: { steady: { rate: 10/s } } }
upstreams: { main: { latency: { p50: 200ms, p99: 300ms } } }
senders: { count: 2 }
costs: { accept: 2ms, journal: 2ms, decisionMicros: measured }
`;

/** In virtual time, but what the core takes for each of its steps is measured and charged to it. */
export function measureMillion(waiting: number): MillionResult {
  const { lanes, upstreams, core } = simulate({
    workload: readWorkload(workload(waiting), 'the scenario'),
    configuration: { router: new Router(['main'], []), policy, connections: new Map([['main', 20]]), checkEveryMs: 30_000 },
    seed: 1,
    stopwatch: () => performance.now(),
  });
  const immediate = lanes.find(({ lane }) => lane === 'immediate');
  if (!immediate || immediate.unfinished > 0) throw new Error(`${immediate?.unfinished ?? 'all'} immediate mails were not delivered`);
  const { mails, p50Ms, p99Ms, maxMs } = immediate;
  return {
    waiting,
    immediate: { mails, p50Ms: p50Ms ?? 0, p99Ms: p99Ms ?? 0, maxMs: maxMs ?? 0 },
    upstreamPerSecond: upstreams[0]?.mailsPerSecond ?? 0,
    limit: { limit: limitPerSecond, most: upstreams[0]?.limits[0]?.most ?? 0 },
    core,
  };
}
