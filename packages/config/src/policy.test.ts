import { defaultPolicy } from '@posthaste/core';
import { expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import { enginePolicyOf, policySettings } from './policy.ts';

function policyOf(env: Readonly<Record<string, string>>) {
  return enginePolicyOf(loadConfig(policySettings, { argv: [], env, ownSections: [] }).values, defaultPolicy);
}

it('makes the policy that the engine has by itself when nothing is set', () => {
  const { retry, ...others } = policyOf({});
  const { retry: built, ...expected } = defaultPolicy;
  expect(others).toEqual(expected);
  expect(retry.default).toEqual(built.default);
});

it('hands on what is set, percents as shares', () => {
  const further = 'wedding-day=high target:1m inDoubt:hold';
  const policy = policyOf({
    POSTHASTE_LANES_SHARES: 'low=25',
    POSTHASTE_LANES_FURTHER: further,
    POSTHASTE_TENANTS_WEIGHTS: 'acme=3',
    POSTHASTE_SCHEDULER_PINNED_FLOOR: '50',
  });
  expect(policy.lanes.all.map(({ name, share }) => [name, share])).toEqual([
    ['immediate', 0],
    ['wedding-day', 0.05],
    ['high', 0.2],
    ['normal', 0.1],
    ['low', 0.25],
  ]);
  expect(policy.lanes.named('wedding-day')).toMatchObject({ base: 'high', targetMs: 60_000, inDoubt: 'hold' });
  expect(policy).toMatchObject({ tenantWeights: new Map([['acme', 3]]), pinnedFloor: 0.5 });
});
