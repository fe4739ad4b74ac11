import type { EnginePolicy } from '@posthaste/core';
import { Router } from '@posthaste/core/router';
import { batchSettings } from './batches.ts';
import { laneTableOf, orderSettings } from './order.ts';
import { retryRulesOf, retrySettings } from './retries.ts';
import type { Values } from './schema.ts';
import { setting } from './setting.ts';
import { breakerRuleOf, upstreamRulesOf, upstreamSettings } from './upstreams/settings.ts';

/** All that the core decides by: for the scheduler, and for whoever shows beforehand what it would decide. */
export const policySettings = {
  ...upstreamSettings,
  ...orderSettings,
  ...retrySettings,
  ...batchSettings,
  'scheduler.senderLease': setting.duration({
    default: '15s',
    // A sender counts 5 s less than the scheduler, to be on the safe side.
    min: '7s',
    doc: 'How long a silent sender keeps its attempts. After it what was not begun is ready again, and what was begun is in doubt.',
  }),
  'scheduler.pinnedFloor': setting.int({
    default: 10,
    min: 0,
    max: 100,
    doc: 'Percent of its byte limit that a log must fill before mail that pins it is moved to WAIT.',
  }),
};

/** Where mail leads to, by the same settings. */
export function routerOf({ upstreams, routes, groups }: Values<Pick<typeof policySettings, 'upstreams' | 'routes' | 'groups'>>): Router {
  return new Router(Object.keys(upstreams), routes, groups);
}

/** The settings as the engine takes them. `base`: what no setting speaks of. */
export function enginePolicyOf(values: Values<typeof policySettings>, base: EnginePolicy): EnginePolicy {
  return {
    ...base,
    retry: retryRulesOf(values),
    lanes: laneTableOf(values),
    tenantWeights: values['tenants.weights'],
    maxRecipientsPerAttempt: values['batch.recipients'],
    batch: { size: values['batch.size'], waitMs: values['batch.wait'] },
    senderLeaseMs: values['scheduler.senderLease'],
    pinnedFloor: values['scheduler.pinnedFloor'] / 100,
    upstreamRules: upstreamRulesOf(values.upstreams),
    domainLimits: values['domains.limits'],
    breaker: breakerRuleOf(values),
  };
}
