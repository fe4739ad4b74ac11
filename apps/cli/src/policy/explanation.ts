import { furtherLaneSettings, loadConfig, retryRulesOf, retrySettings, routerOf, showMatch, showPolicy, upstreamSettings } from '@posthaste/config';
import {
  classifyReply,
  hintedWaitMs,
  LaneTable,
  planRetries,
  type Router,
  type Choice,
  type PlannedRetry,
  type Reply,
  type RetryRules,
} from '@posthaste/core';
import { didYouMean } from '@posthaste/config/nearest';
import { usageError } from '../failure.ts';

export interface RetrySettings {
  readonly rules: RetryRules;
  readonly router: Router;
  readonly lanes: LaneTable;
}

/** The settings that the scheduler decides by. Those of others, and its other ones, are passed over. */
export function readRetrySettings(env: Readonly<Record<string, string | undefined>>): RetrySettings {
  const { values } = loadConfig({ ...retrySettings, ...upstreamSettings, ...furtherLaneSettings }, { argv: [], env, ownSections: [] });
  return { rules: retryRulesOf(values), router: routerOf(values), lanes: new LaneTable(values['lanes.further']) };
}

/** The mail that is asked about. */
export interface Case {
  /** By its name. */
  readonly lane: string;
  readonly tenant: string;
  readonly domain: string;
  readonly upstream: string;
}

/** The upstream given, or the one that such mail would be routed to. Throws a usage error when there is none of that name. */
export function chooseUpstream(router: Router, given: string | undefined, { lane, tenant, domain }: Omit<Case, 'upstream'>): string {
  if (given === undefined) {
    const ticket = { id: '', tenant, lane: 'normal', from: '', recipients: [{ address: `@${domain}` }], acceptedAt: 0, size: 0 } as const;
    return router.destinations[router.destinationOf(ticket, 0, lane)]?.members[0]?.upstream ?? '';
  }
  if (router.upstreams.includes(given)) return given;
  throw usageError(`--upstream: came '${given}'${didYouMean(given, router.upstreams)}, expected one of ${router.upstreams.join(', ')}`);
}

/** What comes of a reply, as data. Durations are in milliseconds. */
export interface Explanation {
  readonly reply: { readonly code: number; readonly enhancedCode: string; readonly text: string };
  readonly for: Case;
  readonly class: string;
  /** What the class was told by. */
  readonly because: string;
  /** What the reply asks us to wait; null when it asks nothing. */
  readonly hintMs: number | null;
  readonly rule: Rule;
  readonly maxAgeMs: number;
  readonly retries: readonly PlannedRetry[];
  /** What a mail that is refused in these words each time comes to: the reason of its dead letter, or UPSTREAM_DOWN, which spends no attempt. */
  readonly end: 'RETRIES_EXHAUSTED' | 'UPSTREAM_REJECTED' | 'UPSTREAM_DOWN';
}

export interface Rule {
  /** Where it stands. */
  readonly from: string;
  /** Null for what is no rule of a match. */
  readonly match: string | null;
  readonly policy: string;
}

export function explain(rules: RetryRules, reply: Reply, of: Case): Explanation {
  const { class: replyClass, because } = classifyReply(reply);
  const final = reply.code >= 500;
  const hintMs = hintedWaitMs(reply.text);
  const { choice, maxAgeMs, retries } = planRetries(rules, { ...of, class: replyClass, final }, hintMs);
  const about = {
    reply: { code: reply.code, enhancedCode: reply.enhanced ?? '', text: reply.text },
    for: of,
    class: replyClass,
    because,
    hintMs,
    maxAgeMs,
  };
  if (replyClass === 'authentication') return { ...about, rule: probing, retries: [], end: 'UPSTREAM_DOWN' };
  const end = final && retries.length === 0 ? 'UPSTREAM_REJECTED' : 'RETRIES_EXHAUSTED';
  return { ...about, rule: describeChoice(choice), retries, end };
}

const probing: Rule = { from: 'the upstream counts as down: its mail waits, probes find out when it is back', match: null, policy: 'none' };

function describeChoice(choice: Choice): Rule {
  const policy = showPolicy(choice.policy);
  switch (choice.kind) {
    case 'rule':
      return { from: `rule ${choice.index + 1} of scheduler.retryRules`, match: showMatch(choice.match), policy };
    case 'built in':
      return { from: 'built in', match: showMatch(choice.match), policy };
    case 'default':
      return { from: 'scheduler.retryDelays', match: null, policy };
    case 'final':
      return { from: 'refused for good, and no rule names its class', match: null, policy };
  }
}
