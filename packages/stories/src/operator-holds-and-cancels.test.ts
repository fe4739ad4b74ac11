import { eventually } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { restClient } from './api-client.ts';
import { commandLine } from './command-line.ts';
import { readJournal } from './journal.ts';
import { Load } from './load.ts';
import { play } from './play.ts';
import { storyMails } from './story-mail.ts';
import type { System } from './system.ts';

/** So slow that there is something to stop, however long the machine takes to hand it in. */
const crawling = { at: 'final', delayMs: 1_500 } as const;
const slow = { at: 'final', delayMs: 40 } as const;
const never = { at: 'rcpt', recipient: '*@never.example', reply: '550 5.1.1 No such user' } as const;
const busy = { at: 'rcpt', recipient: '*@busy.example', reply: '451 4.2.1 Mailbox busy' } as const;

const options = {
  programs: ['relay', 'api', 'scheduler', 'sender'],
  upstreams: { main: { script: { rules: [never, crawling] }, connections: 4 }, spare: {} },
  settings: { 'scheduler.retryDelays': '1h' },
} as const;

type Run = ReturnType<typeof commandLine>;

it('lets an operator hold, release, cancel, reschedule, retry, move, suspend and revive mail while the rest goes through', () =>
  play(options, async (system) => {
    const run = commandLine(system);
    await holdAndCancel(run, system);
    await rescheduleAndMove(run, system);
    await suspendAndLift(run, system);
    await reviveDeadLetters(run, system);
    await closeBooks(run, system);
  }));

function load(system: System, prefix: string, count: number, to: (number: number) => string, tenant = 'default'): Load {
  const mails = storyMails(count, (number) => ({ to: [to(number)] }), prefix);
  return new Load({ mails, sessions: 8, client: () => restClient(system.ports['api.listen'], { tenant }) });
}

/** Of these mails, how many have come upstream. */
function arrived({ receipts }: System, { accepted }: Load, domain = ''): number {
  return [...accepted].filter(([id, { to }]) => receipts.byId.has(id) && to[0]?.endsWith(domain)).length;
}

/** The counts of an operation's answer. */
async function operate(run: Run, ...args: string[]): Promise<{ readonly changed: number; readonly late: number }> {
  const { code, out, err } = await run([...args, '--yes', '-o', 'json', '--reason', 'a story']);
  expect([0, 7], err).toContain(code);
  const { done, changedCount = '0', unchanged = [] } = JSON.parse(out) as Answer;
  expect(done).toBe(true);
  const late = unchanged.find(({ cause }) => cause === 'UNCHANGED_CAUSE_TOO_LATE');
  return { changed: Number(changedCount), late: Number(late?.count ?? 0) };
}

interface Answer {
  readonly done: boolean;
  readonly changedCount?: string;
  readonly unchanged?: readonly { readonly cause: string; readonly count: string }[];
}

async function holdAndCancel(run: Run, system: System): Promise<void> {
  const shop = load(system, 'shop', 200, (number) => (number % 2 === 0 ? 'b@keep.example' : 'b@drop.example'), 'shop');
  await shop.done;
  const others = load(system, 'others', 80, () => 'b@example.net');
  const held = await operate(run, 'message', 'hold', '--tenant', 'shop');
  system.upstream.setScript({ rules: [never, slow] });
  expect(held.changed).toBeGreaterThan(50);
  const before = arrived(system, shop);
  expect(before + held.changed, 'every mail was held or has gone').toBe(200);
  await others.done;
  await eventually(() => expect(arrived(system, others)).toBe(80), { timeoutMs: 20_000, describe: 'mail of others goes on' });
  expect(arrived(system, shop), 'nothing of what is held was sent').toBe(before);

  const [id = ''] = [...shop.accepted.keys()].filter((each) => !system.receipts.byId.has(each));
  await eventually(async () => expect((await run(['status', id])).out).toMatch(/held, HELD_BY_OPERATOR, by .*@.*: a story/));
  const dropped = arrived(system, shop, 'drop.example');
  const cancelled = await operate(run, 'message', 'cancel', '--tenant', 'shop', '--domain', 'drop.example');
  expect(cancelled).toEqual({ changed: 100 - dropped, late: 0 });
  await operate(run, 'message', 'release', '--tenant', 'shop');
  await eventually(() => expect(arrived(system, shop, 'keep.example')).toBe(100), { timeoutMs: 20_000, describe: 'what was released is sent' });
  expect(arrived(system, shop, 'drop.example'), 'nothing of what was cancelled was sent').toBe(dropped);
}

/** What waits an hour for its next try is put off further, and then sent at once: some of it by the upstream that it was bound for, some by another one. */
async function rescheduleAndMove(run: Run, system: System): Promise<void> {
  system.upstream.setScript({ rules: [busy] });
  const waiting = load(system, 'waiting', 6, () => 'b@busy.example', 'waiting');
  const moving = load(system, 'moving', 6, () => 'b@busy.example', 'moving');
  await Promise.all([waiting.done, moving.done]);
  const [first = ''] = waiting.accepted.keys();
  const deferred = async () => (await run(['list', '--state', 'queued', '--all', '-o', 'jsonl'])).out.match(/UPSTREAM_DEFERRED/g)?.length;
  await eventually(async () => expect(await deferred()).toBe(12), { timeoutMs: 20_000, describe: 'all have been deferred' });
  expect(await operate(run, 'message', 'reschedule', '--tenant', 'waiting', '--to', '2h')).toEqual({ changed: 6, late: 0 });
  await eventually(async () => expect((await run(['status', first])).out).toContain('SCHEDULED'));
  expect(await operate(run, 'message', 'lane', '--tenant', 'moving', '--to', 'immediate')).toEqual({ changed: 6, late: 0 });
  expect(await operate(run, 'message', 'move', '--tenant', 'moving', '--to', 'spare')).toEqual({ changed: 6, late: 0 });
  expect(arrived(system, waiting) + arrived(system, moving), 'nothing has gone before its time').toBe(0);

  expect(await operate(run, 'message', 'retry', '--tenant', 'moving')).toEqual({ changed: 6, late: 0 });
  await eventually(() => expect(arrived(system, moving)).toBe(6), { timeoutMs: 20_000, describe: 'what was moved is sent' });
  expect(upstreamsOf(system, moving), 'by the upstream that it was moved to, for the other one still says no').toEqual(['spare']);
  const [moved = ''] = moving.accepted.keys();
  await eventually(async () => expect(JSON.parse((await run(['status', moved, '-o', 'json'])).out)).toMatchObject({ lane: 'LANE_IMMEDIATE' }));
  system.upstream.setScript({ rules: [never, slow] });
  expect(await operate(run, 'message', 'retry', '--tenant', 'waiting')).toEqual({ changed: 6, late: 0 });
  await eventually(() => expect(arrived(system, waiting)).toBe(6), { timeoutMs: 20_000, describe: 'what was put off is sent' });
  expect(upstreamsOf(system, waiting)).toEqual(['main']);
}

function upstreamsOf({ receipts }: System, { accepted }: Load): string[] {
  return [...new Set([...accepted.keys()].flatMap((id) => receipts.byId.get(id) ?? []).map(({ upstream }) => upstream))];
}

async function suspendAndLift(run: Run, system: System): Promise<void> {
  const made = await run(['suspend', 'create', '--domain', 'later.example', '--for', '1h', '--reason', 'they asked us to', '-o', 'name']);
  expect(made.code, made.err).toBe(0);
  const later = load(system, 'later', 20, () => 'b@later.example');
  const others = load(system, 'meanwhile', 20, () => 'b@example.net');
  await Promise.all([later.done, others.done]);
  await eventually(() => expect(arrived(system, others)).toBe(20), { timeoutMs: 20_000, describe: 'mail behind what is suspended goes on' });
  await system.scheduler.restart();
  const after = load(system, 'after', 5, () => 'b@example.net');
  await after.done;
  await eventually(() => expect(arrived(system, after)).toBe(5), { timeoutMs: 20_000, describe: 'mail goes on after the restart' });
  expect(arrived(system, later), 'nothing of what is suspended was sent').toBe(0);
  const [id = ''] = later.accepted.keys();
  expect((await run(['explain', id])).out).toContain('SUSPENDED_BY_OPERATOR');
  expect((await run(['suspend', 'list'])).out).toMatch(/domain later\.example .* they asked us to/);
  expect((await run(['suspend', 'lift', made.out.trim()])).code).toBe(0);
  await eventually(() => expect(arrived(system, later)).toBe(20), { timeoutMs: 20_000, describe: 'what was suspended is sent' });
}

async function reviveDeadLetters(run: Run, system: System): Promise<void> {
  const dead = load(system, 'dead', 10, () => 'b@never.example');
  await dead.done;
  const ids = [...dead.accepted.keys()].sort();
  const listed = async () => (await run(['dead', 'list', '--cause', 'UPSTREAM_REJECTED', '-o', 'name'])).out.split('\n').filter(Boolean);
  await eventually(async () => expect((await listed()).sort()).toEqual(ids), { timeoutMs: 20_000, describe: 'dead letters are listed' });
  const [thrown = '', ...kept] = ids;
  expect(await operate(run, 'dead', 'purge', thrown)).toEqual({ changed: 1, late: 0 });
  expect((await listed()).sort()).toEqual(kept);
  system.upstream.setScript({});
  expect(await operate(run, 'dead', 'retry', '--cause', 'UPSTREAM_REJECTED')).toEqual({ changed: 9, late: 0 });
  await eventually(() => expect(arrived(system, dead)).toBe(9), { timeoutMs: 20_000, describe: 'dead letters are delivered' });
  expect(await listed()).toEqual([]);
}

/** Everything has come to its end, and nothing twice. */
async function closeBooks(run: Run, system: System): Promise<void> {
  await eventually(
    async () => {
      const history = await readJournal(system.natsUrl);
      expect(history.open).toBe(0);
      const metrics = await system.scheduler.metrics();
      expect([metrics.sum('posthaste_depth'), metrics.sum('posthaste_conservation_difference')]).toEqual([0, 0]);
    },
    { timeoutMs: 20_000, intervalMs: 100, describe: 'the books are closed' },
  );
  for (const [id, receipts] of system.receipts.byId) expect(receipts.length, `copies of ${id}`).toBe(1);
  const cancelled = await run(['list', '--state', 'cancelled', '--tenant', 'shop', '--all', '-o', 'jsonl']);
  expect(cancelled.out.trimEnd().split('\n').length).toBe((await readJournal(system.natsUrl)).count('cancelled'));
}
