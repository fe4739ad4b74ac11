import type { Latency, Slowness, UpstreamModel } from '../workload.ts';
import { readTrouble } from './read-trouble.ts';
import type { Section } from './section.ts';

export function readUpstream(section: Section): UpstreamModel {
  const greylisting = section.section('greylisting');
  const errors = section.section('errors');
  const model: UpstreamModel = {
    latency: readLatency(section.section('latency'), { p50Ms: 100, p99Ms: 500 }),
    connections: section.count('connections', 0) || null,
    perSecond: section.count('perSecond', 0) || null,
    outages: section.list('outages').map((each) => readTrouble(each, 60_000)),
    outageMs: section.duration('outageTakes', 5),
    slow: section.list('slow').map(readSlowness),
    greylisting: { share: greylisting.share('share', 0), forMs: greylisting.duration('for', 300_000) },
    errors: { deferred: errors.share('deferred', 0), bounced: errors.share('bounced', 0), lost: errors.share('lost', 0) },
  };
  greylisting.close();
  errors.close();
  section.close();
  return model;
}

export function usualUpstream(): UpstreamModel {
  return {
    latency: { p50Ms: 100, p99Ms: 500 },
    connections: null,
    perSecond: null,
    outages: [],
    outageMs: 5,
    slow: [],
    greylisting: { share: 0, forMs: 0 },
    errors: { deferred: 0, bounced: 0, lost: 0 },
  };
}

function readLatency(section: Section, usual: Latency): Latency {
  const p50Ms = section.duration('p50', usual.p50Ms);
  const p99Ms = section.duration('p99', Math.max(usual.p99Ms, p50Ms));
  if (p99Ms < p50Ms) section.refuse('p99', `at least p50, which is ${p50Ms}ms`);
  section.close();
  return { p50Ms, p99Ms };
}

function readSlowness(section: Section): Slowness {
  let latency: Latency = { p50Ms: 0, p99Ms: 0 };
  const trouble = readTrouble(section, 60_000, (each) => (latency = readLatency(each.section('latency'), { p50Ms: 10_000, p99Ms: 30_000 })));
  return { trouble, latency };
}
