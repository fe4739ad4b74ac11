import { randomUUIDv7 } from 'node:crypto';
import { partitionOf } from '@posthaste/core';
import type { FillWatch } from '@posthaste/stream';
import { expect, it } from 'vitest';
import { Spread } from './spread.ts';

type Blocked = FillWatch['blocked'];

const room: Blocked = () => null;
const spreadOver = (partitions: number, blocked: Blocked = room) =>
  new Spread({ fill: { blocked, ratio: 0, close() {} }, partitions, newId: randomUUIDv7 });
const cover = (to: string, from = 'a@example.org') => ({ envelope: { from, recipients: [{ address: to }] }, protocol: 'ESMTP' as const });
const many = (newId: () => string) => Array.from({ length: 600 }, () => partitionOf(newId()));

it('spreads new mail over all partitions', () => {
  const spread = spreadOver(3);
  for (const partitions of [many(() => spread.newId()), many(() => spread.idFor('app', cover(`${randomUUIDv7()}@example.net`)))])
    for (const partition of [0, 1, 2]) expect(partitions.filter((one) => one === partition).length).toBeGreaterThan(100);
  expect(new Set(many(() => spreadOver(1).newId()))).toEqual(new Set([0]));
});

it('leaves partitions aside where something is nearly full, while another has room', () => {
  const blocked: Blocked = (partition) => (partition === 1 ? null : 'STATE');
  expect(new Set(many(() => spreadOver(3, blocked).newId()))).toEqual(new Set([1]));
  expect(new Set(many(() => spreadOver(3, () => 'STATE').newId())).size).toBe(3);
});

it('puts what one submitter sends to the same people into one partition, full or not', () => {
  const spread = spreadOver(8, () => 'STATE');
  expect(new Set(many(() => spread.idFor('app', cover('b@example.net')))).size).toBe(1);
});

it('is full when no partition has room for any lane', () => {
  const onlyBulk: Blocked = (partition, mail) => (partition === 0 || mail?.lane !== 'immediate' ? 'MAIL_0_low' : null);
  expect(spreadOver(2, onlyBulk).full).toBeNull();
  expect(spreadOver(2, () => 'WAIT_0').full).toBe('WAIT_0');
  expect(spreadOver(2).full).toBeNull();
});
