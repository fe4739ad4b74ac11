import type { Explanation, Gate } from '@posthaste/core';
import { expect, it } from 'vitest';
import type { Account } from './account.ts';
import { checkExplanations, type Known } from './explanation-watch.ts';

const wall = 1_800_000_000_000;
const ticket = { id: 'a', tenant: 'acme', lane: 'low', from: '', recipients: [{ address: 'a@b.example' }], acceptedAt: wall, size: 1 } as const;
const account: Account = {
  ticket,
  acceptedAt: 0,
  states: [{ kind: 'queued', attempts: 1, due: wall + 60_000, reason: 'UPSTREAM_DEFERRED' }],
  arrivals: [],
  arrivedAt: [],
  doubts: [],
  dueAt: [60_000],
  open: 1,
};
const known: Known = {
  account,
  at: 0,
  now: { wall, mono: 0 },
  working: 1,
  outages: new Map([['main', [{ from: 0, to: 1_000 }]]]),
  limitsOf: (scope) => (scope === 'domain:b.example' ? { perSecond: 20 } : undefined),
};

function check(gate: Gate | null, others: Partial<Known> = {}): void {
  const explanation: Explanation = { address: '', state: 'queued', gates: gate ? [gate] : [], estimatedAt: null, upstreams: ['main'] };
  checkExplanations([explanation], { ...known, ...others });
}

const backoff = (until: number): Gate => ({
  reason: 'UPSTREAM_DEFERRED',
  since: wall,
  until,
  detail: { kind: 'backoff', attempts: 1, reply: undefined },
});
const outage: Gate = { reason: 'UPSTREAM_DOWN', since: wall, until: null, detail: { kind: 'outage', upstream: 'main', trouble: '' } };
const noSender: Gate = { reason: 'NO_SENDER', since: null, until: null, detail: { kind: 'senders', senders: 0, held: 0 } };

const limit = (scope: string, most: number, used = most): Gate => ({
  reason: 'DOMAIN_LIMIT',
  since: null,
  until: null,
  detail: { kind: 'limit', scope, limit: most, windowMs: 1_000, used, learned: false },
});

it('takes reasons that are true', () => {
  check(backoff(wall + 60_000));
  check(outage);
  check(noSender, { working: 0 });
  check(limit('domain:b.example', 20));
});

it('asks for a reason for everything that waits', () => {
  expect(() => check(null)).toThrow('a/0 waits and nothing is said to keep it');
});

it('sees reasons that are not true', () => {
  expect(() => check(backoff(wall + 300_000))).toThrow('but it is due in 60000 ms');
  expect(() => check(outage, { outages: new Map([['main', []]]) })).toThrow('but it was not out then');
  expect(() => check(limit('domain:c.example', 20))).toThrow('but it goes to b.example');
  expect(() => check(limit('domain:b.example', 30))).toThrow('but that limit is 20');
  expect(() => check(limit('domain:b.example', 20, 19))).toThrow('but it is not reached');
  expect(() => check(limit('upstream:main', 20))).toThrow('but that limit is not set');
  expect(() => check(noSender)).toThrow('but 1 are connected');
});
