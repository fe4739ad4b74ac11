import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../policy/explanation.ts';
import { posthaste } from '../rig.ts';

const file = `
upstreams: { main: "smtp://user:hunter2@127.0.0.1:1025", bulk: "smtp://127.0.0.1:1026" }
groups: { out: main>bulk }
routes: ["lane:low=bulk", "*=out"]
scheduler:
  listen: 127.0.0.1:1
  retryDelays: 2m,4m
  retryRules:
    - lane:immediate class:greylisted=20s,40s
    - upstream:bulk=exponential base=1m factor=2 cap=10m retries=3 jitter=full
`;
let folder: string;
let config: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-policy-'));
  config = join(folder, 'posthaste.yaml');
  writeFileSync(config, file);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is explained with the file above. */
async function explained(...args: string[]): Promise<Explanation> {
  const { out } = await posthaste(['policy', 'explain', '--config', config, '-o', 'jsonl', ...args]);
  return JSON.parse(out) as Explanation;
}

describe('posthaste policy explain', () => {
  it('tells class, hint, rule and each retry of a reply', async () => {
    const { code, out, err } = await posthaste(['policy', 'explain', '--reply', '451 4.7.1 Greylisted, try again in 300 seconds']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^class +greylisted \(the text speaks of greylisting\)$/m);
    expect(out).toMatch(/^hint +5m: /m);
    expect(out).toMatch(/^rule +scheduler\.retryDelays, 1m,5m,15m$/m);
    expect(out).toMatch(/RETRY +WAIT +AFTER\n1 +5m +5m\n2 +5m +10m\n3 +15m +25m\n/);
    expect(out).toContain('RETRIES_EXHAUSTED');
  });

  it('reads the same settings as the scheduler, and says which rule it took', async () => {
    const [grey, low, other] = await Promise.all([
      explained('--lane', 'immediate', '--reply', '450 4.2.0 Greylisted'),
      explained('--lane', 'low', '--reply', '451 4.3.0 later'),
      explained('--reply', '451 4.3.0 later'),
    ]);
    expect(grey.rule).toEqual({ from: 'rule 1 of scheduler.retryRules', match: 'lane:immediate class:greylisted', policy: '20s,40s' });
    expect(low).toMatchObject({ for: { upstream: 'bulk' }, rule: { from: 'rule 2 of scheduler.retryRules', match: 'upstream:bulk' } });
    expect(low.retries.map(({ wait }) => wait)).toEqual([60_000, 120_000, 240_000].map((mostMs) => ({ leastMs: 1_000, mostMs })));
    expect(other).toMatchObject({
      for: { upstream: 'main' },
      rule: { from: 'scheduler.retryDelays', match: null, policy: '2m,4m' },
      end: 'RETRIES_EXHAUSTED',
    });
  });

  it("tells what is refused for good from what is the upstream's trouble", async () => {
    expect(await explained('--reply', '554-5.7.1 This is\n554 5.7.1 spam')).toMatchObject({
      class: 'content',
      reply: { text: 'This is\nspam' },
      retries: [],
      end: 'UPSTREAM_REJECTED',
    });
    expect(await explained('--reply', '530 Authentication required')).toMatchObject({ class: 'authentication', retries: [], end: 'UPSTREAM_DOWN' });
  });

  it('tells of every class when no reply is given', async () => {
    const [table, json] = await Promise.all([posthaste(['policy', 'explain']), posthaste(['policy', 'explain', '-o', 'json'])]);
    const { explanations } = JSON.parse(json.out) as { explanations: Explanation[] };
    const classes = ['transient', 'greylisted', 'rate_limited', 'mailbox_full', 'size', 'content', 'permanent', 'authentication'];
    expect([...new Set(explanations.map((each) => each.class))]).toEqual(classes);
    for (const name of classes) expect(table.out).toMatch(new RegExp(`^${name} `, 'm'));
    expect(table.out).toMatch(/mailbox_full +552 5\.2\.2 Mailbox full +3 +17h +1h,4h,12h +built in: class:mailbox_full/);
  });

  it('names what it cannot take', async () => {
    const [reply, upstream, faulty] = await Promise.all([
      posthaste(['policy', 'explain', '--reply', 'greylisted']),
      posthaste(['policy', 'explain', '--upstream', 'bluk', '--config', config]),
      posthaste(['policy', 'explain'], { env: { POSTHASTE_SCHEDULER_RETRY_RULES: 'lane:low=often' } }),
    ]);
    for (const { code, out } of [reply, upstream, faulty]) expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(reply.err).toContain("--reply: came 'greylisted', expected a refusal such as '451 4.7.1");
    expect(upstream.err).toContain("came 'bluk' (did you mean bulk?), expected one of main, bulk");
    expect(faulty.err).toContain("instead of 'lane:low=often'");
  });
});
