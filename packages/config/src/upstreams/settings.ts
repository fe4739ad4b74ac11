import type { BreakerRule, UpstreamRule, UpstreamRules } from '@posthaste/core/upstream-rules';
import type { Parsed } from '../quantity.ts';
import { Secret } from '../secret.ts';
import type { Values } from '../schema.ts';
import { define, type Setting } from '../setting.ts';
import { breakerSettings } from './breaker.ts';
import { domainLimits } from './domain-limits.ts';
import { groups } from './groups.ts';
import { type LookAtUpstream, parseUpstreams } from './parse.ts';
import { routes } from './routes.ts';
import { showUpstreams } from './show.ts';
import type { Upstream, Upstreams } from './upstream.ts';

const options = {
  default: { main: 'smtp://127.0.0.1:1025' },
  doc:
    'The smart hosts that mail leaves by: name=smtp://user:password@host:port, smtps:// for TLS from the first byte, or preset://user:password@name for a provider that is known; more behind a ' +
    'question mark (tls=required&connections=10&perSecond=14), or in a file as a mapping. docs/upstreams.md tells all keys.',
} as const;

/** With passwords: for the program that delivers. */
export const deliveredUpstreams = upstreamsLookedAt(() => []);

/** The same, for a program that has more to ask of each upstream: what it finds wrong is told with all other faults. */
export function upstreamsLookedAt(look: LookAtUpstream): Setting<Upstreams> {
  return define(options, { kind: 'map of name=URL', parse: (input: unknown) => parseUpstreams(input, look), show: showUpstreams });
}

/** For the programs that decide on upstreams: they have no use for passwords, so they do not get to know them. */
export const upstreamSettings = {
  upstreams: define(options, { kind: 'map of name=URL', parse: parseWithoutPasswords, show: showUpstreams }),
  // Before the routes, which may lead to groups and are settled after them.
  groups,
  routes,
  'domains.limits': domainLimits,
  ...breakerSettings,
};

function parseWithoutPasswords(input: unknown): Parsed<Upstreams> {
  const parsed = parseUpstreams(input);
  if (parsed.kind === 'refused') return parsed;
  return { kind: 'value', value: Object.fromEntries(Object.entries(parsed.value).map(([name, upstream]) => [name, withoutPassword(upstream)])) };
}

function withoutPassword(upstream: Upstream): Upstream {
  const { login } = upstream;
  return login?.kind === 'password' && login.password.kind === 'given'
    ? { ...upstream, login: { ...login, password: { kind: 'given', secret: new Secret() } } }
    : upstream;
}

/** What the core goes by. Of an upstream that has no rule of its own it says nothing. */
export function upstreamRulesOf(upstreams: Upstreams): UpstreamRules {
  const rules = Object.entries(upstreams).map(([name, { limits, maxConnections, adaptive }]): [string, UpstreamRule] => {
    return [name, { limits, adaptive, ...(maxConnections === undefined ? {} : { maxConnections }) }];
  });
  return new Map(
    rules.filter(([, { limits, maxConnections, adaptive }]) => Object.keys(limits).length > 0 || maxConnections !== undefined || !adaptive),
  );
}

export function breakerRuleOf(values: Values<typeof breakerSettings>): BreakerRule {
  return {
    failures: values['breaker.failures'],
    healthyMs: values['breaker.healthy'],
    firstProbeMs: values['breaker.firstProbe'],
    longestProbeMs: Math.max(values['breaker.firstProbe'], values['breaker.longestProbe']),
  };
}
