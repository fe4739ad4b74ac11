import { deliveredUpstreams } from '@posthaste/config';
import { readTargets, type UpstreamTarget } from './upstream-target.ts';

/** For tests: upstreams as a file gives them, ready for use. */
export function targetsOf(upstreams: Readonly<Record<string, unknown>>): UpstreamTarget[] {
  const parsed = deliveredUpstreams.parse(upstreams);
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.faults));
  return readTargets(parsed.value);
}

export function targetOf(upstream: unknown): UpstreamTarget {
  return targetsOf({ main: upstream })[0] as UpstreamTarget;
}
