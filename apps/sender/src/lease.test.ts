import { expect, it } from 'vitest';
import { Lease } from './lease.ts';

function startedAt(at: number): Lease {
  const lease = new Lease({ silenceMs: 5_000 });
  lease.spoke(at);
  lease.setLength(15_000);
  lease.heard(at);
  return lease;
}

it('does not hold before the scheduler has said anything', () => {
  const lease = new Lease({ silenceMs: 5_000 });
  lease.spoke(0);
  expect(lease.holds(lease.term, 0)).toBe(false);
});

it('lasts ten of the fifteen seconds from the last word that the scheduler may have heard', () => {
  const lease = startedAt(1_000);
  expect(lease.holds(lease.term, 10_999)).toBe(true);
  expect(lease.holds(lease.term, 11_000)).toBe(false);
});

it('is not renewed by heartbeats that nobody answers', () => {
  const lease = startedAt(0);
  for (let at = 1_000; at <= 20_000; at += 1_000) lease.spoke(at);
  expect(lease.holds(lease.term, 10_000)).toBe(false);
});

it('counts from our last word, not from the time of hearing', () => {
  const lease = startedAt(0);
  lease.spoke(1_000);
  lease.heard(4_000);
  expect(lease.holds(lease.term, 10_999)).toBe(true);
  expect(lease.holds(lease.term, 11_000)).toBe(false);
});

it('never takes attempts of an ended term back, though a new one has begun', () => {
  const lease = startedAt(0);
  const before = lease.term;
  lease.spoke(30_000);
  lease.heard(30_000);
  expect(lease.holds(before, 30_000)).toBe(false);
  expect(lease.holds(lease.term, 30_000)).toBe(true);
});
