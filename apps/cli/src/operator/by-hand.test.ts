import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  ErrorInfoSchema,
  Lane,
  OperationKind,
  OperatorService,
  Reason,
  RecipientState,
  SuspensionSchema,
  UnchangedCause,
  type MessageSelector,
  type OperationSchema,
  type Suspension,
} from '@posthaste/protocol';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type FakeApi, runHere, startFakeApi } from '../rig.ts';

const id = '019aa000-0000-7000-8000-000000000001';

interface Heard {
  readonly kind: OperationKind;
  readonly selector: MessageSelector | undefined;
  readonly comment: string;
  readonly author: string;
  readonly dryRun: boolean;
  readonly operationId: string;
}

let api: FakeApi;
let heard: Heard[] = [];
let sent: Record<string, unknown> = {};
let suspensions: Suspension[] = [];
let outcome: MessageInitShape<typeof OperationSchema> = {};
/** How often an operation is still under way. */
let unfinished = 0;

beforeEach(() => {
  heard = [];
  sent = {};
  suspensions = [];
  outcome = { matchedCount: 12_345n, changedCount: 12_345n };
  unfinished = 0;
});

type Request = Omit<Heard, 'kind' | 'selector'> & { readonly selector?: MessageSelector | undefined };

function act(kind: OperationKind, { selector, comment, author, dryRun, operationId }: Request) {
  heard.push({ kind, selector, comment, author, dryRun, operationId });
  return { operation: { id: operationId, kind, dryRun, done: unfinished === 0, ...outcome } };
}

/** An api that answers as the test says. */
beforeAll(async () => {
  api = await startFakeApi((router) =>
    router.service(OperatorService, {
      holdMessages: (request) => act(OperationKind.HOLD, request),
      releaseMessages: (request) => act(OperationKind.RELEASE, request),
      cancelMessages: (request) => act(OperationKind.CANCEL, request),
      retryMessages: (request) => act(OperationKind.RETRY, request),
      rescheduleMessages: (request) => act(OperationKind.RESCHEDULE, ((sent = { sendAt: request.sendAt }), request)),
      changeLane: (request) => act(OperationKind.CHANGE_LANE, ((sent = { lane: request.lane }), request)),
      moveMessages: (request) => act(OperationKind.MOVE, ((sent = { upstream: request.upstream }), request)),
      retryDeadLetters: (request) => act(OperationKind.RETRY_DEAD_LETTERS, request),
      purgeDeadLetters: (request) => act(OperationKind.PURGE_DEAD_LETTERS, request),
      getOperation: ({ id: operationId }) => {
        const known = heard.find((each) => each.operationId === operationId);
        if (!known) throw refused('OPERATION_NOT_FOUND');
        unfinished -= 1;
        return { operation: { id: operationId, kind: known.kind, done: unfinished <= 0, ...outcome } };
      },
      createSuspension: ({ match, comment, author, ttl, suspensionId }) => {
        const now = Date.now();
        const ends = ttl ? { expiresAt: timestampFromMs(now + Number(ttl.seconds) * 1_000) } : {};
        const made = { id: suspensionId, comment, author, createdAt: timestampFromMs(now), ...ends, ...(match ? { match } : {}) };
        const suspension = create(SuspensionSchema, made);
        suspensions.push(suspension);
        return { suspension };
      },
      listSuspensions: () => ({ suspensions }),
      deleteSuspension: (request) => {
        suspensions = suspensions.filter((each) => each.id !== request.id);
        sent = { comment: request.comment };
        return {};
      },
      listDeadLetters: ({ reason }) => ({ deadLetters: reason === Reason.UPSTREAM_REJECTED ? [deadLetter(id)] : [] }),
    }),
  );
});
afterAll(() => api.close());

function refused(reason: string): ConnectError {
  return new ConnectError('there is no such thing', Code.NotFound, undefined, [{ desc: ErrorInfoSchema, value: { reason, domain: 'posthaste.v1' } }]);
}

function deadLetter(letter: string) {
  const lastReply = { code: 550, enhancedCode: '5.1.1', text: 'no such user' };
  const recipients = [{ address: 'b@example.net', state: RecipientState.FAILED, reason: Reason.UPSTREAM_REJECTED, lastReply }];
  return { message: { id: letter, tenant: 'shop', lane: Lane.HIGH, recipients }, diedAt: timestampFromMs(Date.now() - 3 * 3_600_000) };
}

const run = (...args: string[]) => runHere(args, { env: { POSTHASTE_ENDPOINT: api.endpoint } });

it('holds one mail without asking, and records who and why', async () => {
  outcome = { matchedCount: 1n, changedCount: 1n };
  const held = await run('message', 'hold', id, '--reason', 'wrong price', '--author', 'ann');
  expect(held).toMatchObject({ code: 0, out: '1 recipient held\n', err: '' });
  expect(heard).toMatchObject([{ kind: OperationKind.HOLD, selector: { ids: [id] }, comment: 'wrong price', author: 'ann', dryRun: false }]);
});

it('gives every filter to the api', async () => {
  const filters = ['--tenant', 'shop', '--domain', 'example.net', '--upstream', 'main', '--lane', 'low', '--campaign', 'spring', '--tag', 'a=b'];
  const others = ['--state', 'in_doubt', '--cause', 'upstream-greylisted', '--older-than', '2h'];
  expect(await run('message', 'release', ...filters, ...others, '--yes')).toMatchObject({ code: 0, out: '12,345 recipients released\n' });
  expect(heard).toMatchObject([
    {
      selector: {
        tenant: 'shop',
        domain: 'example.net',
        upstream: 'main',
        lane: Lane.LOW,
        campaign: 'spring',
        tags: { a: 'b' },
        state: RecipientState.IN_DOUBT,
        reason: Reason.UPSTREAM_GREYLISTED,
        olderThan: { seconds: 7_200n },
      },
    },
  ]);
});

it.each([
  ['many', ['message', 'hold', '--tenant', 'shop'], 'this holds 12,345 recipients'],
  ['what cannot be undone', ['message', 'cancel', id], 'this cancels 12,345 recipients'],
  ['what cannot be undone', ['dead', 'purge', id], 'this throws away 12,345 recipients'],
  ['all dead letters', ['dead', 'retry', '--all-mail'], 'this queues again 12,345 recipients'],
])('counts and wants --yes for %s when nobody can be asked', async (_, args, sentence) => {
  const ran = await run(...args);
  expect(ran).toMatchObject({ code: 2, out: '' });
  expect(ran.err).toContain(`${sentence}; say --yes to do it`);
  expect(heard.map(({ dryRun }) => dryRun)).toEqual([true]);
});

it.each([
  ['y\n', 0, [true, false]],
  ['n\n', 1, [true]],
])('asks a person, and takes %j for an answer', async (typed, code, calls) => {
  const ran = await runHere(['message', 'cancel', id], { env: { POSTHASTE_ENDPOINT: api.endpoint }, typed });
  expect(ran.code).toBe(code);
  expect(ran.err).toContain('this cancels 12,345 recipients. Go on? [y/N]');
  expect(heard.map(({ dryRun }) => dryRun)).toEqual(calls);
});

it('counts only, with --dry-run', async () => {
  const counted = await run('cancel', '--campaign', 'spring', '--dry-run');
  expect(counted).toMatchObject({ code: 0, out: '12,345 recipients would be cancelled\n' });
  expect(heard.map(({ dryRun }) => dryRun)).toEqual([true]);
});

it('does nothing where nothing matches', async () => {
  outcome = {};
  expect(await run('message', 'cancel', '--tenant', 'nobody')).toMatchObject({ code: 0, out: '0 recipients would be cancelled\n' });
  expect(heard).toHaveLength(1);
});

it('tells a lane, a time and an upstream', async () => {
  const before = Date.now();
  await run('message', 'lane', id, '--to', 'immediate');
  expect(sent).toMatchObject({ lane: Lane.IMMEDIATE });
  await run('message', 'move', id, '--to', 'spare');
  expect(sent).toMatchObject({ upstream: 'spare' });
  await run('message', 'reschedule', id, '--to', '2h');
  const { sendAt } = sent as { sendAt: Parameters<typeof timestampMs>[0] };
  expect(timestampMs(sendAt) - before - 7_200_000).toSatisfy((late: number) => late >= 0 && late < 60_000);
});

it.each([
  [
    'none of it could be changed',
    { matchedCount: 1n, unchanged: [{ cause: UnchangedCause.TOO_LATE, count: 1n }] },
    5,
    '0 recipients held\n  1 not: too late',
  ],
  ['some could not', { changedCount: 1n, unchanged: [{ cause: UnchangedCause.FINAL, count: 1n }] }, 7, '1 recipient held\n  1 not: final already'],
  ['it is so already', { unchanged: [{ cause: UnchangedCause.ALREADY_SO, count: 1n }] }, 0, '0 recipients held\n  1 not: so already'],
])('says by its exit code that %s', async (_, answer, code, text) => {
  outcome = answer;
  const ran = await run('hold', id);
  expect(ran.code).toBe(code);
  expect(ran.out).toContain(text);
});

it('says of what lives that it is no dead letter', async () => {
  outcome = { matchedCount: 1n, unchanged: [{ cause: UnchangedCause.NOT_APPLICABLE, count: 1n }] };
  const ran = await run('dead', 'retry', id);
  expect(ran).toMatchObject({ code: 5, out: '0 recipients queued again\n  1 not: no dead letter: they have not failed, and are under way\n' });
});

it('waits until it is done, and gives up with 124', async () => {
  unfinished = 2;
  const done = await run('message', 'hold', id);
  expect(done).toMatchObject({ code: 0, out: '12,345 recipients held\n' });
  expect(done.err).toContain('so far');
  unfinished = 1_000_000;
  const late = await run('message', 'hold', id, '--timeout', '1ms');
  expect(late.code).toBe(124);
  expect(late.out).toContain('held so far\nit goes on: posthaste operation get ');
});

it('answers in the form that is asked for', async () => {
  const [json, jsonl, yaml, name, quiet] = await Promise.all([
    run('hold', id, '-o', 'json'),
    run('hold', id, '-o', 'jsonl'),
    run('hold', id, '-o', 'yaml'),
    run('hold', id, '-o', 'name'),
    run('hold', id, '-q'),
  ]);
  expect(JSON.parse(json.out)).toMatchObject({ kind: 'OPERATION_KIND_HOLD', changedCount: '12345' });
  expect(jsonl.out.trim().split('\n')).toHaveLength(1);
  expect(yaml.out).toContain('kind: OPERATION_KIND_HOLD\n');
  expect(name.out).toMatch(/^[0-9a-f-]{36}\n$/);
  expect(quiet.out).toMatch(/^[0-9a-f-]{36}\n$/);
});

it('refuses what names nothing, too much, or no reason that there is', async () => {
  const [nothing, both, cause] = await Promise.all([
    run('message', 'hold'),
    run('message', 'hold', '--all-mail', '--tenant', 'shop'),
    run('message', 'hold', '--cause', 'whatever'),
  ]);
  expect(nothing).toMatchObject({ code: 2, err: expect.stringContaining('give ids, a filter such as --tenant, or --all-mail') });
  expect(both).toMatchObject({ code: 2, err: expect.stringContaining('--all-mail goes with nothing else') });
  expect(cause).toMatchObject({ code: 2, err: expect.stringContaining('expected one of SCHEDULED, UPSTREAM_DOWN') });
});

it('tells how far an operation is, or that nobody remembers it', async () => {
  await run('hold', id);
  expect(await run('operation', 'get', heard[0]?.operationId ?? '')).toMatchObject({ code: 0, out: '12,345 recipients held\n' });
  expect((await run('operation', 'get', id)).code).toBe(3);
});

it('suspends, lists and lifts', async () => {
  const made = await run('suspend', '--tenant', 'shop', '--lane', 'low', '--for', '1h', '--reason', 'too many complaints', '--author', 'ann');
  expect(made.code).toBe(0);
  const [suspended = ''] = made.out.split(' ');
  expect(made.out).toContain(`${suspended}  tenant shop, lane low suspended, until `);
  const [table, names, yaml] = await Promise.all([run('suspend', 'list'), run('suspend', 'ls', '-o', 'name'), run('suspend', 'list', '-o', 'yaml')]);
  expect(table.out).toMatch(/ID +STOPS +SINCE +ENDS +BY +REASON\n.* tenant shop, lane low +\d+ s ago +in 60 min +ann +too many complaints\n/);
  expect(names.out).toBe(`${suspended}\n`);
  expect(yaml.out).toContain('lane: LANE_LOW');
  expect(await run('resume', suspended, '--dry-run')).toMatchObject({ code: 0, out: `${suspended}  tenant shop, lane low would go on\n` });
  expect(suspensions).toHaveLength(1);
  expect(await run('suspend', 'lift', suspended, '--reason', 'fixed')).toMatchObject({
    code: 0,
    out: `${suspended}  tenant shop, lane low goes on\n`,
  });
  expect(sent).toMatchObject({ comment: 'fixed' });
  expect(await run('suspend', 'lift', suspended)).toMatchObject({ code: 3, err: expect.stringContaining('SUSPENSION_NOT_FOUND') });
});

it('refuses a suspension of nothing', async () => {
  expect(await run('suspend')).toMatchObject({
    code: 2,
    err: expect.stringContaining('nothing is named: give a filter such as --tenant, or --all-mail'),
  });
});

it('asks before it suspends all mail, and counts what a suspension would stop', async () => {
  expect(await run('suspend', '--all-mail')).toMatchObject({ code: 2, err: expect.stringContaining('this stops all mail') });
  expect(suspensions).toEqual([]);
  expect(await run('suspend', '--domain', 'example.net', '--dry-run')).toMatchObject({
    code: 0,
    out: '12,345 recipients on the way would be stopped, and what comes later\n',
  });
  expect(suspensions).toEqual([]);
});

it('lists dead letters by cause, and tries them again', async () => {
  const [table, names, none] = await Promise.all([
    run('dead', 'list', '--cause', 'UPSTREAM_REJECTED'),
    run('dead', 'list', '--cause', 'UPSTREAM_REJECTED', '-o', 'name'),
    run('dead', 'list', '--cause', 'MAILBOX_FULL'),
  ]);
  expect(table.out).toMatch(/shop +high +3 h ago +- +b@example\.net +UPSTREAM_REJECTED +550 5\.1\.1 no such user\n/);
  expect(names.out).toBe(`${id}\n`);
  expect(none.out).toBe('no dead letter matches\n');
  expect(await run('dead', 'retry', '--cause', 'UPSTREAM_REJECTED', '--yes')).toMatchObject({ code: 0, out: '12,345 recipients queued again\n' });
  expect(heard).toMatchObject([{ kind: OperationKind.RETRY_DEAD_LETTERS, selector: { reason: Reason.UPSTREAM_REJECTED } }]);
});
