import { expect, it } from 'vitest';
import { type Config, ConfigError, loadConfig } from './index.ts';
import { orderSettings } from './order.ts';

function load(env: Record<string, string> = {}, file = ''): Config<typeof orderSettings> {
  return loadConfig(orderSettings, { argv: ['--config=x.yaml'], env, readFile: () => file });
}

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

it('has shares, targets and no weights when nothing is set', () => {
  const { values } = load();
  expect(values['lanes.shares']).toEqual({ immediate: 0, high: 20, normal: 10, low: 5 });
  expect(values['lanes.targets']).toEqual({ immediate: 30_000, high: 120_000, normal: 300_000, low: Infinity });
  expect(values['tenants.weights']).toEqual(new Map());
});

it('keeps the defaults of lanes that are not named', () => {
  const { values } = load({ POSTHASTE_LANES_SHARES: 'low=20', POSTHASTE_LANES_TARGETS: 'immediate=10s,normal=none' });
  expect(values['lanes.shares']).toEqual({ immediate: 0, high: 20, normal: 10, low: 20 });
  expect(values['lanes.targets']).toEqual({ immediate: 10_000, high: 120_000, normal: Infinity, low: Infinity });
});

it('reads mappings from a file, and shows what is in force', () => {
  const config = load({}, 'lanes:\n  shares: { high: 30 }\n  targets: { low: 1h }\ntenants:\n  weights: { acme: 3, globex: 1 }\n');
  expect(config.values['tenants.weights']).toEqual(
    new Map([
      ['acme', 3],
      ['globex', 1],
    ]),
  );
  expect(config.describe()).toContain('immediate=0,high=30,normal=10,low=5');
  expect(config.describe()).toContain('immediate=30s,high=2m,normal=5m,low=1h');
  expect(config.describe()).toContain('acme=3,globex=1');
});

it.each([
  ['POSTHASTE_LANES_SHARES', 'urgent=5', "expected lanes of immediate, high, normal, low instead of 'urgent'"],
  ['POSTHASTE_LANES_SHARES', 'low=-1', "expected whole percent from 0 to 90 for lane low instead of '-1'"],
  ['POSTHASTE_LANES_SHARES', 'high=50,normal=40', 'expected shares of at most 90 percent together, instead of 95'],
  ['POSTHASTE_LANES_TARGETS', 'high=soon', "expected a duration above 0s, such as 30s, or none for lane high instead of 'soon'"],
  ['POSTHASTE_LANES_TARGETS', 'high=0s', "expected a duration above 0s, such as 30s, or none for lane high instead of '0s'"],
  ['POSTHASTE_TENANTS_WEIGHTS', 'acme=0', "expected a whole weight from 1 to 1000 for tenant acme instead of '0'"],
  ['POSTHASTE_TENANTS_WEIGHTS', 'a.b=2', "expected tenants of 1 to 64 letters, digits, - or _ instead of 'a.b'"],
])('says of %s=%s what it expected', (variable, text, sentence) => {
  expect(faultsOf({ [variable]: text })).toEqual([expect.stringContaining(sentence)]);
});

it('takes what becomes of mail in doubt, lane by lane', () => {
  expect(load({ POSTHASTE_LANES_IN_DOUBT: 'immediate=sent,high=hold' }).values['lanes.inDoubt']).toEqual({
    immediate: 'sent',
    high: 'hold',
    normal: 'retry',
    low: 'retry',
  });
  expect(faultsOf({ POSTHASTE_LANES_IN_DOUBT: 'high=forget' })).toEqual([
    expect.stringContaining("retry, hold or sent for lane high instead of 'forget'"),
  ]);
});
