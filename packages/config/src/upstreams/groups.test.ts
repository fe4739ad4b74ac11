import { defaultPolicy } from '@posthaste/core';
import { expect, it } from 'vitest';
import { ConfigError, enginePolicyOf, loadConfig, policySettings } from '../index.ts';

const names = 'a=smtp://a.example?perSecond=14&maxConnections=5,b=smtp://b.example?adaptive=false,c=smtp://c.example';

function load(env: Record<string, string>, file = '') {
  return loadConfig(policySettings, { argv: ['--config=x.yaml'], env: { POSTHASTE_UPSTREAMS: names, ...env }, readFile: () => file });
}

const out = {
  name: 'out',
  members: [
    { upstream: 'a', priority: 0, weight: 3 },
    { upstream: 'b', priority: 0, weight: 1 },
    { upstream: 'c', priority: 1, weight: 1 },
  ],
  overflow: true,
};

it('takes groups by a line and by a file alike', () => {
  const config = load({ POSTHASTE_GROUPS: 'out=a*3 + b > c overflow,in=b>a' });
  expect(config.values.groups).toEqual([out, { name: 'in', members: [expect.anything(), expect.anything()], overflow: false }]);
  expect(config.describe()).toContain('out=a*3+b>c overflow,in=b>a');
  expect(load({}, 'groups: {out: "a*3+b>c overflow"}').values.groups).toEqual([out]);
  const list = 'groups: {out: {members: [{upstream: a, weight: 3}, b, {upstream: c, priority: 1}], overflow: true}}';
  expect(load({}, list).values.groups).toEqual([out]);
  expect(load({}, 'groups: {out: {members: {a: {weight: 3}, b: , c: {priority: 1}}, overflow: true}}').values.groups).toEqual([out]);
});

it('lets routes lead to groups, and all mail to the first one where no route is said', () => {
  expect(load({ POSTHASTE_GROUPS: 'out=a>b' }).values.routes).toEqual([{ match: { kind: 'any' }, upstream: 'out' }]);
  expect(load({ POSTHASTE_GROUPS: 'out=a>b', POSTHASTE_ROUTES: 'lane:low=c,*=out' }).values.routes.map(({ upstream }) => upstream)).toEqual([
    'c',
    'out',
  ]);
});

it.each([
  [{ POSTHASTE_GROUPS: 'out' }, 'groups (env POSTHASTE_GROUPS): came'],
  [{ POSTHASTE_GROUPS: 'out=a+' }, 'groups.out (env POSTHASTE_GROUPS): expected members such as a*3+b>c, with'],
  [{ POSTHASTE_GROUPS: 'out=a*0' }, "expected a whole weight from 1 to 1000 behind *, instead of 'a*0'"],
  [{ POSTHASTE_GROUPS: 'out=a*1001+b*1000' }, "expected a whole weight from 1 to 1000 behind *, instead of 'a*1001+b*1000'"],
  [{ POSTHASTE_GROUPS: 'out=a>a' }, 'not a twice'],
  [{ POSTHASTE_GROUPS: 'out=a>d' }, "among the upstreams a, b, c, instead of 'd' in out"],
  [{ POSTHASTE_GROUPS: 'a=b>c' }, "names that no upstream has, instead of 'a'"],
  [{ POSTHASTE_GROUPS: 'Out=a' }, "instead of 'Out'"],
  [{ POSTHASTE_GROUPS: 'out=a', POSTHASTE_ROUTES: '*=uot' }, 'one of the groups and upstreams out, a, b, c'],
  [
    { POSTHASTE_DOMAINS_LIMITS: 'gmail.com=20/w' },
    "domains.limits.gmail.com (env POSTHASTE_DOMAINS_LIMITS): came '20/w', expected limits such as 20/s",
  ],
  [{ POSTHASTE_DOMAINS_LIMITS: 'gmail.com=20/s+30/s' }, 'expected limits such as'],
  [{ POSTHASTE_DOMAINS_LIMITS: 'me@gmail.com=20/s' }, "instead of 'me@gmail.com'"],
  [{ POSTHASTE_BREAKER_FAILURES: '0' }, 'expected a whole number of at least 1'],
  [{ POSTHASTE_BREAKER_FALIURES: '2' }, 'did you mean POSTHASTE_BREAKER_FAILURES?'],
])('refuses %j', (env, sentence) => {
  expect(() => load(env)).toThrow(ConfigError);
  expect(() => load(env)).toThrow(sentence);
});

it.each([
  ['groups: {out: {member: [a]}}', 'groups.out (file x.yaml): expected members and overflow, instead of member'],
  ['groups: {out: {members: [{upstream: a, wieght: 1}]}}', 'upstream, weight and priority of a member, instead of wieght'],
  ['groups: {out: {members: [{upstream: a, weight: 0}]}}', 'a whole weight from 1 to 1000 for member a'],
  ['groups: {out: {members: [{upstream: a, priority: -1}]}}', 'a priority from 0'],
  ['groups: {out: {members: []}}', 'at least one member'],
  ['groups: {out: {members: [a], overflow: maybe}}', 'overflow to be true or false'],
  ['domains: {limits: {gmail.com: {perWeek: 3}}}', 'domains.limits.gmail.com (file x.yaml): came'],
])('refuses the file %s', (file, sentence) => {
  expect(() => load({}, file)).toThrow(sentence);
});

it('tells the core what it goes by', () => {
  const file = 'domains: {limits: {Gmail.com: 20/s+5 at once, "*": {perHour: 1000}}}';
  const env = {
    POSTHASTE_BREAKER_FAILURES: '5',
    POSTHASTE_BREAKER_HEALTHY: '10s',
    POSTHASTE_BREAKER_LONGEST_PROBE: '3s',
    POSTHASTE_BREAKER_CHECK_EVERY: '1s',
  };
  const policy = enginePolicyOf(load(env, file).values, defaultPolicy);
  expect(policy.upstreamRules).toEqual(
    new Map([
      ['a', { limits: { perSecond: 14 }, maxConnections: 5, adaptive: true }],
      ['b', { limits: {}, adaptive: false }],
    ]),
  );
  expect(policy.domainLimits).toEqual(
    new Map([
      ['gmail.com', { perSecond: 20, concurrency: 5 }],
      ['*', { perHour: 1_000 }],
    ]),
  );
  expect(policy.breaker).toEqual({ failures: 5, healthyMs: 10_000, firstProbeMs: 1_000, longestProbeMs: 3_000 });
  expect(load({}, file).describe()).toContain('gmail.com=20/s+5 at once,*=1000/h');
});
