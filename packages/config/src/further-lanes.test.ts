import { describe, expect, it, test } from 'vitest';
import { ConfigError, loadConfig, policySettings } from './index.ts';
import { furtherLaneSettings } from './further-lanes.ts';

const upstreams = { POSTHASTE_UPSTREAMS: 'main=smtp://127.0.0.1:2525' };

function load(env: Record<string, string>, file = '') {
  return loadConfig(policySettings, { argv: ['--config=x.yaml'], env: { ...upstreams, ...env }, readFile: () => file });
}

function faultsOf(env: Record<string, string>, file = ''): readonly string[] {
  try {
    load(env, file);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('lanes beside the four', () => {
  it('are none by default', () => {
    expect(load({}).values['lanes.further']).toEqual([]);
  });

  it('come from a file or from text, which is as they are shown', () => {
    const file = 'lanes:\n  further:\n    wedding-day: { base: high, target: 1m, share: 10, inDoubt: hold }\n    archive: low\n';
    const config = load({}, file);
    const expected = [
      { name: 'wedding-day', base: 'high', targetMs: 60_000, share: 0.1, inDoubt: 'hold' },
      { name: 'archive', base: 'low' },
    ];
    expect(config.values['lanes.further']).toEqual(expected);
    const text = 'wedding-day=high target:1m share:10 inDoubt:hold,archive=low';
    expect(config.describe()).toContain(text);
    expect(load({ POSTHASTE_LANES_FURTHER: text }).values['lanes.further']).toEqual(expected);
  });

  it('may have no target', () => {
    expect(load({ POSTHASTE_LANES_FURTHER: 'archive=normal target:none' }).values['lanes.further']).toMatchObject([{ targetMs: Infinity }]);
  });

  it('can be named by routes and by rules for retries', () => {
    const { values } = load({
      POSTHASTE_LANES_FURTHER: 'wedding-day=high',
      POSTHASTE_ROUTES: 'lane:wedding-day=main,*=main',
      POSTHASTE_SCHEDULER_RETRY_RULES: 'lane:wedding-day=10s,20s',
    });
    expect(values.routes[0]?.match).toEqual({ kind: 'lane', value: 'wedding-day' });
    expect(values['scheduler.retryRules'][0]?.match).toEqual({ lane: 'wedding-day' });
  });

  it('are passed over by a program that does not know them, and taken by a door that knows nothing else of lanes', () => {
    const env = { POSTHASTE_LANES_FURTHER: 'wedding-day=high', POSTHASTE_LANES_SHARES: 'low=10' };
    expect(loadConfig(furtherLaneSettings, { argv: [], env }).values['lanes.further']).toEqual([{ name: 'wedding-day', base: 'high' }]);
    const file = 'lanes:\n  further: { wedding-day: high }\n  shares: { low: 10 }\n';
    const door = loadConfig(furtherLaneSettings, { argv: ['--config=x.yaml'], env: {}, readFile: () => file });
    expect(door.values['lanes.further']).toEqual([{ name: 'wedding-day', base: 'high' }]);
    expect(loadConfig({}, { argv: ['--config=x.yaml'], env: {}, readFile: () => file }).values).toEqual({});
  });
});

const thirteen = Array.from({ length: 13 }, (_, index) => `lane${index}=low share:0`).join(',');

test.each([
  [
    'Wedding=high',
    "lanes.further.Wedding (env POSTHASTE_LANES_FURTHER): expected names of at most 32 lower case letters, digits and hyphens, with a letter first, instead of 'Wedding'",
  ],
  ['high=low', 'lanes.further.high (env POSTHASTE_LANES_FURTHER): expected names other than immediate, high, normal, low, which there are anyway'],
  ['x=urgent', "expected a base of immediate, high, normal, low, instead of 'urgent'"],
  ['x=high target:soon', "expected a target of a duration above 0s, such as 30s, or none, instead of 'soon'"],
  ['x=high share:91', "expected a share of whole percent from 0 to 90, instead of '91'"],
  ['x=high inDoubt:forget', "expected inDoubt of retry, hold or sent, instead of 'forget'"],
  ['x=high targets:1m', 'expected base, target, share and inDoubt, instead of targets (did you mean target?)'],
  ['x=high 1m', 'expected a base and what differs from it, such as: high target:1m share:10 inDoubt:hold'],
  ['x=high share:60', 'expected shares of at most 90 percent together with lanes.shares, instead of 95'],
  [thirteen, 'came 13 lanes, expected at most 12'],
])('says of %s what it expected', (text, sentence) => {
  expect(faultsOf({ POSTHASTE_LANES_FURTHER: text })).toEqual([expect.stringContaining(sentence)]);
});

test.each([
  ['POSTHASTE_ROUTES', 'lane:weding-day=main,*=main'],
  ['POSTHASTE_SCHEDULER_RETRY_RULES', 'lane:weding-day=10s'],
])('a lane in %s that there is not is refused, with what there is', (variable, text) => {
  expect(faultsOf({ POSTHASTE_LANES_FURTHER: 'wedding-day=high', [variable]: text })).toEqual([
    expect.stringContaining(
      "expected one of the lanes immediate, high, normal, low, wedding-day (did you mean wedding-day?) instead of 'lane:weding-day'",
    ),
  ]);
});
