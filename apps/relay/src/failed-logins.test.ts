import { ManualClock } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { FailedLogins } from './failed-logins.ts';

it('forgets the client whose window began first when there are too many to keep in mind', () => {
  const clock = new ManualClock();
  const failures = new FailedLogins(clock, 1, 60_000);
  for (let client = 0; client < 10_001; client++) failures.count(`client ${client}`);
  expect(['client 0', 'client 1', 'client 10000'].map((client) => failures.isOverLimit(client))).toEqual([false, true, true]);
});

it('begins a new window after the last one', async () => {
  const clock = new ManualClock();
  const failures = new FailedLogins(clock, 2, 1000);
  failures.count('client');
  await clock.advance(1000);
  failures.count('client');
  expect(failures.isOverLimit('client')).toBe(false);
  failures.count('client');
  expect(failures.isOverLimit('client')).toBe(true);
});
