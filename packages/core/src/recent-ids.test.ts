import { describe, expect, test } from 'vitest';
import { RecentIds } from './recent-ids.ts';
import { Random } from './simulation/random.ts';

const spanMs = 1_000;

function idsOf(count: number, seed = 1): string[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.id());
}

describe('recent ids', () => {
  test('are known after they grew over several doublings, and no others are', () => {
    const recent = new RecentIds();
    const ids = idsOf(20_000);
    for (const id of ids) recent.add(id, 0);
    expect(ids.filter((id) => !recent.has(id))).toEqual([]);
    expect(idsOf(20_000, 2).filter((id) => recent.has(id))).toEqual([]);
  });

  test('that differ in one digit are told apart', () => {
    const recent = new RecentIds();
    const [id = ''] = idsOf(1);
    recent.add(id, 0);
    const others = id.split('').flatMap((digit, at) => (digit === '-' ? [] : [`${id.slice(0, at)}${digit === '0' ? '1' : '0'}${id.slice(at + 1)}`]));
    expect(others.filter((other) => recent.has(other))).toEqual([]);
  });

  test('are remembered for the span and forgotten after two', () => {
    const recent = new RecentIds(spanMs);
    const [old = '', young = '', newest = ''] = idsOf(3);
    recent.add(old, spanMs * 10);
    recent.add(young, spanMs * 11);
    expect(recent.has(old)).toBe(true);
    recent.add(newest, spanMs * 12);
    expect([old, young, newest].map((id) => recent.has(id))).toEqual([false, true, true]);
  });

  test('are kept once, however often they are added', () => {
    const recent = new RecentIds(spanMs);
    const [id = ''] = idsOf(1);
    for (let times = 0; times < 5_000; times += 1) recent.add(id, 0);
    expect(recent.has(id)).toBe(true);
  });

  test('agree with a set, generation by generation', () => {
    const random = new Random(3);
    const recent = new RecentIds(spanMs);
    const addedAt = new Map<string, number>();
    for (let now = spanMs; now < spanMs * 20; now += random.between(0, 40)) {
      const id = random.id();
      recent.add(id, now);
      addedAt.set(id, now);
      const young = [...addedAt].filter(([, at]) => now - at < spanMs).map(([other]) => other);
      expect(young.every((other) => recent.has(other))).toBe(true);
    }
  });
});
