import { hash } from 'node:crypto';
import { eventually } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { commandLine } from './command-line.ts';
import { play } from './play.ts';
import type { System } from './system.ts';

const script = {
  rules: [
    { at: 'rcpt', recipient: '*@never.example', reply: '550 5.1.1 No such user' },
    { at: 'rcpt', recipient: '*@later.example', reply: '451 4.2.1 Mailbox busy' },
  ],
} as const;

type Run = ReturnType<typeof commandLine>;

const options = {
  programs: ['relay', 'api', 'scheduler', 'sender'],
  upstreams: { main: { script } },
  settings: { 'scheduler.retryDelays': '1h' },
} as const;

it('lets an operator do by command line whatever there is to do with mail', () =>
  play(options, async (system) => {
    const run = commandLine(system);
    await sendAndFollow(run, system);
    await waitForOutcomes(run);
    await callSendmail(run, system);
    await listAndCount(run);
    await examine(run, system);
  }));

const message = (to: string, ...more: string[]) => ['send', '--from', 'a@example.org', '--to', to, '--text', 'hello', ...more];

async function sendAndFollow(run: Run, system: System): Promise<void> {
  const { code, out } = await run(message('b@example.net', '-s', 'Grüße', '--lane', 'high', '--tag', 'campaign=spring', '-q'));
  const id = out.trim();
  expect([code, id]).toEqual([0, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  const watched = await run(['watch', id, '--timeout', '30s']);
  expect(watched).toMatchObject({ code: 0, out: expect.stringMatching(/b@example\.net {2}delivered {2}250 /) });
  const status = await run(['status', id, '-o', 'json']);
  expect(JSON.parse(status.out)).toMatchObject({ id, state: 'MESSAGE_STATE_DELIVERED', lane: 'LANE_HIGH', tags: { campaign: 'spring' } });
  expect(system.receipts.byId.get(id)).toHaveLength(1);
  expect((await run(['status', '019aa000-0000-7000-8000-000000000001'])).code).toBe(3);
  expect((await run(['status', 'no-id'])).code).toBe(2);
}

async function waitForOutcomes(run: Run): Promise<void> {
  const wait = (to: string, ...more: string[]) => run(message(to, '--wait', '--timeout', '20s', ...more));
  const ran = await Promise.all([
    wait('b@example.net'),
    wait('b@never.example'),
    wait('b@never.example', '--cc', 'c@example.net'),
    run(message('b@later.example', '--wait', '--timeout', '1s', '-o', 'json')),
  ]);
  expect(ran.map(({ code }) => code)).toEqual([0, 1, 7, 124]);
  expect(ran[1]?.out).toContain('550 5.1.1 No such user');
  expect(JSON.parse(ran[3]?.out ?? '')).toMatchObject({ message: { state: 'MESSAGE_STATE_QUEUED' } });
  const once = ['--idempotency-key', 'order-1', '-q'];
  const [first, again] = [await run(message('b@example.net', ...once)), await run(message('b@example.net', ...once))];
  expect([again.code, again.out]).toEqual([0, first.out]);
  expect((await run(message('c@example.net', ...once))).code).toBe(5);
}

/** The message arrives as it was piped in, CRLF for LF, without Bcc. */
async function callSendmail(run: Run, system: System): Promise<void> {
  const head = 'From: shop@example.org\nTo: b@example.net\nDate: Tue, 01 Jan 2030 00:00:00 +0000\nMessage-ID: <piped@example.org>\n';
  const body = '\n..\nhi\n';
  expect(await run(['sendmail', '-t', '-oem', '-fbounces@example.org'], `${head}Bcc: secret@example.net\n${body}.\nnot sent\n`)).toEqual({
    code: 0,
    out: '',
    err: '',
  });
  const found = async () => (await run(['list', '--message-id', 'piped@example.org', '-o', 'jsonl'])).out;
  await eventually(async () => (await found()) !== '', { timeoutMs: 30_000 });
  const { id, from } = JSON.parse(await found()) as { id: string; from: string };
  expect(from).toBe('bounces@example.org');
  expect((await run(['watch', id])).code).toBe(0);
  const receipts = system.receipts.byId.get(id) ?? [];
  expect(receipts.flatMap(({ to }) => to).sort()).toEqual(['b@example.net', 'secret@example.net']);
  const expected = hash('sha256', `${head}${body}`.replaceAll('\n', '\r\n'));
  for (const { digest } of receipts) expect(digest).toBe(expected);
}

async function listAndCount(run: Run): Promise<void> {
  await eventually(async () => {
    const failed = await run(['list', '--state', 'failed', '--to', '@never.example', '-o', 'json']);
    expect((JSON.parse(failed.out) as { messages: object[] }).messages).toHaveLength(1);
  });
  const waiting = await run(['ls', '--state', 'queued', '--since', '1h']);
  expect(waiting.out).toMatch(/b@later\.example +UPSTREAM_DEFERRED/);
  const newest = await run(['list', '-n', '2', '-o', 'jsonl']);
  expect(
    newest.out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id),
  ).toHaveLength(2);
  expect(newest.err).toContain('--all shows more');
  const rebuilt = await run(['ledger', 'rebuild', '-o', 'json']);
  expect([rebuilt.code, JSON.parse(rebuilt.out)]).toMatchObject([0, { kind: 'done', messages: 7 }]);
  expect((await run(['list', '-a', '-o', 'jsonl'])).out.trimEnd().split('\n')).toHaveLength(7);
  const stats = await run(['stats', '-o', 'json']);
  expect(JSON.parse(stats.out)).toMatchObject({ upstreams: [{ name: 'main', state: 'UPSTREAM_STATE_UP' }], totals: { failedCount: '2' } });
  expect((await run(['stats'])).out).toMatch(/^main +up/m);
}

async function examine(run: Run, system: System): Promise<void> {
  const verdicts = async () => {
    const { code, out } = await run(['doctor', '--data-dir', system.dir, '-o', 'json']);
    const { findings } = JSON.parse(out) as { findings: { check: string; verdict: string; says: string }[] };
    return { code, failed: findings.filter(({ verdict }) => verdict === 'fail') };
  };
  expect(await verdicts()).toEqual({ code: 0, failed: [] });
  await system.sender.kill();
  const without = await verdicts();
  expect(without.code).toBe(1);
  expect(without.failed).toContainEqual(expect.objectContaining({ check: 'sender' }));
  await system.program('api').kill();
  expect((await run(['stats'])).code).toBe(6);
}
