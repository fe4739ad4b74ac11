import { expect, it } from 'vitest';
import { readOptions } from './options.ts';

it('measures throughput in all cases when nothing is said', () => {
  expect(readOptions([])).toMatchObject({ scenario: 'throughput', only: [], mails: undefined, forMs: 4000, json: false });
});

it('takes the two cases with a target when it has to be quick', () => {
  expect(readOptions(['--quick'])).toMatchObject({ only: ['fast/10KiB/20', 'durable/10KiB/100'], forMs: 3000 });
});

it('reads numbers, and the words that choose cases', () => {
  expect(readOptions(['--only', 'fast/1KiB,durable', '--mails', '500', '--seconds', '0.5'])).toMatchObject({
    only: ['fast/1KiB', 'durable'],
    mails: 500,
    forMs: 500,
  });
});

it('takes what pnpm passes on behind two hyphens', () => {
  expect(readOptions(['--', '--json'])).toMatchObject({ json: true });
});

it('knows the short names of scenarios', () => {
  expect(readOptions(['--core'])).toMatchObject({ scenario: 'core' });
  expect(readOptions(['--simulate-million'])).toMatchObject({ scenario: 'million' });
  expect(readOptions(['--load', 'wedding'])).toMatchObject({ scenario: 'load', pattern: 'wedding' });
});

it('says what it expected', () => {
  expect(() => readOptions(['--scenario', 'sprint'])).toThrow("--scenario came as 'sprint', expected one of throughput, latency, backlog");
  expect(() => readOptions(['--mails', '0'])).toThrow("--mails came as '0', expected a number above 0");
});
