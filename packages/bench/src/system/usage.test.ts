import { expect, it } from 'vitest';
import { cpuMsOf, readUsage } from './usage.ts';

it('finds the times behind a name with brackets and spaces', () => {
  const stat = '4711 (a (strange) name) S 1 4711 4711 0 -1 4194304 1 2 3 4 250 50 0 0 20 0 1 0 100 1000 200';
  expect(cpuMsOf(stat)).toBe(3000);
});

it('reads what this process has used', () => {
  const { cpuMs, rssBytes, peakRssBytes } = readUsage(process.pid);
  expect(cpuMs).toBeGreaterThan(0);
  expect(rssBytes).toBeGreaterThan(2 ** 20);
  expect(peakRssBytes).toBeGreaterThanOrEqual(rssBytes / 2);
});
