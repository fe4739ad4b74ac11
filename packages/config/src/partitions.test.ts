import { expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import { ownershipSettings } from './partitions.ts';

const load = (env: Record<string, string>) => loadConfig(ownershipSettings, { argv: [], env });

it('shares one partition unless told otherwise', () => {
  const { values, describe } = load({});
  expect([values.partitions, values['scheduler.partitions']]).toEqual([1, 'auto']);
  expect(describe()).toMatch(/scheduler\.partitions +auto/);
});

it('takes a list of partitions', () => {
  const { values, describe } = load({ POSTHASTE_PARTITIONS: '4', POSTHASTE_SCHEDULER_PARTITIONS: '0, 2,2' });
  expect(values['scheduler.partitions']).toEqual([0, 2]);
  expect(describe()).toMatch(/scheduler\.partitions +0,2/);
});

it.each([
  [',', /expected auto/],
  ['all', /expected auto/],
  ['0,1', /expected auto, or numbers of partitions below the setting partitions/],
  ['-1', /expected auto/],
])('refuses %o where there is one partition', (text, fault) => {
  expect(() => load({ POSTHASTE_SCHEDULER_PARTITIONS: text })).toThrow(fault);
});

it('has room for as many partitions as an id can name', () => {
  expect(load({ POSTHASTE_PARTITIONS: '256' }).values.partitions).toBe(256);
  expect(() => load({ POSTHASTE_PARTITIONS: '257' })).toThrow(/at most 256/);
});
