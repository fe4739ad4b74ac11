import type { Census, Engine, LimitUse, UpstreamView } from '@posthaste/core';
import { gauge } from '@posthaste/telemetry';

const byUpstream = ['partition', 'upstream'] as const;
const byLimit = ['partition', 'upstream', 'window'] as const;

const states = ['up', 'recovering', 'down'] as const;

const metrics = {
  state: gauge(
    'posthaste_upstream_state',
    '1 for the state that the upstream is in, 0 for the others. down at 1: it cannot be reached or used, and its mail waits or takes another way.',
    ['partition', 'upstream', 'state'],
  ),
  limit: gauge(
    'posthaste_upstream_limit',
    "This partition's present share of an upstream's limit: messages in each window (1s, 1m, 1h, 1d), or at once (none).",
    byLimit,
  ),
  whole: gauge(
    'posthaste_upstream_limit_configured',
    'The whole limit, of which each partition has a share. More than the shares together for long: a partition has no owner, or cannot reach the streams.',
    byLimit,
  ),
  used: gauge('posthaste_upstream_limit_used', 'How much of that limit is taken. At the limit: mail waits for it.', byLimit),
  learned: gauge(
    'posthaste_upstream_learned_limit',
    'What the upstream was found to take: messages a second (rate), or attempts at once (concurrency). Absent: it has not complained. Low for long: ask the provider.',
    ['partition', 'upstream', 'kind'],
  ),
  connections: gauge(
    'posthaste_upstream_connections_in_force',
    'Connections that the senders together have or may open, for upstreams with a maximum.',
    byUpstream,
  ),
  mostConnections: gauge('posthaste_upstream_connections_max', 'The most connections that all senders together may have.', byUpstream),
  queued: gauge(
    'posthaste_destination_queued',
    'Recipients that are queued for an upstream by its own name, or for a group. A rise: it is down, at its limits, or too slow.',
    ['partition', 'destination'],
  ),
};

const windowNames: ReadonlyMap<number | null, string> = new Map([
  [null, 'none'],
  [1_000, '1s'],
  [60_000, '1m'],
  [3_600_000, '1h'],
  [86_400_000, '1d'],
]);

export function showUpstreams(partition: number, engine: Engine, { destinations }: Census): void {
  for (const upstream of engine.upstreams()) showUpstream(partition, upstream);
  for (const { name, index } of engine.destinations()) metrics.queued.set({ partition, destination: name }, destinations[index]?.queued ?? 0);
}

function showUpstream(partition: number, { name, health, limits, learned, connections }: UpstreamView): void {
  for (const state of states) metrics.state.set({ partition, upstream: name, state }, health.kind === state ? 1 : 0);
  for (const use of limits) {
    metrics.limit.set({ partition, upstream: name, window: windowOf(use) }, use.limit);
    metrics.whole.set({ partition, upstream: name, window: windowOf(use) }, use.whole ?? use.limit);
    metrics.used.set({ partition, upstream: name, window: windowOf(use) }, use.used);
  }
  hideLearned(partition, name);
  for (const { limit, windowMs } of learned) {
    const [kind, value] = windowMs === null ? ['concurrency', limit] : ['rate', (limit / windowMs) * 1_000];
    metrics.learned.set({ partition, upstream: name, kind }, value);
  }
  if (!connections) return;
  metrics.connections.set({ partition, upstream: name }, connections.inForce);
  metrics.mostConnections.set({ partition, upstream: name }, connections.most);
}

function hideLearned(partition: number, upstream: string): void {
  for (const kind of ['rate', 'concurrency']) metrics.learned.remove({ partition, upstream, kind });
}

function windowOf({ windowMs }: LimitUse): string {
  return windowNames.get(windowMs) ?? String(windowMs);
}

export function hideUpstreams(partition: number, engine: Engine): void {
  for (const { name: upstream } of engine.upstreams()) {
    hideLearned(partition, upstream);
    for (const state of states) metrics.state.remove({ partition, upstream, state });
    for (const window of windowNames.values())
      for (const gauge of [metrics.limit, metrics.whole, metrics.used]) gauge.remove({ partition, upstream, window });
    for (const gauge of [metrics.connections, metrics.mostConnections]) gauge.remove({ partition, upstream });
  }
  for (const { name } of engine.destinations()) metrics.queued.remove({ partition, destination: name });
}
