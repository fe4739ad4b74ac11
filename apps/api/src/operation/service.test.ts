import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { encodeTicket } from '@posthaste/core';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { Lane, OperationKind, OperatorService, Reason, RecipientState, UnchangedCause } from '@posthaste/protocol';
import { eventually } from '@posthaste/testkit';
import { refusalOf, startRig, type Rig } from '../rig.ts';
import { accepted, delivered, idOf, started, ticketOf } from '../status/example-mail.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig()));
afterAll(() => rig.stop());
beforeEach(() => {
  const { operate } = rig.scheduler;
  operate.heard.length = 0;
  operate.progress = { done: true };
  operate.refusal = undefined;
});

const client = () => createClient(OperatorService, createGrpcTransport({ baseUrl: rig.url }));

async function rest(path: string, body?: object): Promise<{ readonly status: number; readonly json: Record<string, unknown> }> {
  const request = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(`${rig.url}${path}`, request ?? {});
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

test('a selector, the author and the comment reach the scheduler, and what came of it comes back', async () => {
  rig.scheduler.operate.progress = { done: true, matched: 7n, changed: 5n, unchanged: [{ cause: 'TOO_LATE', count: 2n }] };
  const before = Date.now();
  const { operation } = await client().holdMessages({
    selector: {
      tenant: 'acme',
      domain: 'Example.NET',
      upstream: 'main',
      lane: Lane.LOW,
      campaign: 'spring',
      tags: { shop: 'de' },
      state: RecipientState.QUEUED,
      reason: Reason.UPSTREAM_GREYLISTED,
      olderThan: { seconds: 60n },
    },
    comment: 'wrong price',
    author: 'ann@desk',
  });
  expect(operation).toMatchObject({
    kind: OperationKind.HOLD,
    done: true,
    matchedCount: 7n,
    changedCount: 5n,
    unchanged: [{ cause: UnchangedCause.TOO_LATE, count: 2n }],
    author: 'ann@desk',
    comment: 'wrong price',
  });
  const [heard] = rig.scheduler.operate.heard;
  expect(heard?.selector).toMatchObject({
    tenant: 'acme',
    domain: 'example.net',
    upstream: 'main',
    lane: 'low',
    campaign: 'spring',
    tags: { shop: 'de' },
    state: 'queued',
    reason: 'UPSTREAM_GREYLISTED',
  });
  const bound = heard?.selector?.acceptedBefore;
  expect(bound && timestampMs(bound) - (before - 60_000)).toBeLessThan(30_000);
  expect(heard?.id).toBe(operation?.id);
});

test.each([
  ['hold', 'hold', {}],
  ['release', 'release', {}],
  ['cancel', 'cancel', {}],
  ['retry', 'retry', {}],
  ['reschedule', 'reschedule', { sendAt: '2026-12-24T18:00:00Z' }],
  ['changeLane', 'changeLane', { lane: 'LANE_HIGH' }],
  ['move', 'move', { upstream: 'spare' }],
])('REST POST /v1/messages:%s asks the scheduler to %s', async (verb, act, fields) => {
  const at = Date.now();
  const soon = 'sendAt' in fields ? { sendAt: new Date(at + 3_600_000).toISOString() } : fields;
  const answer = await rest(`/v1/messages:${verb}`, { selector: { tenant: 'acme' }, dryRun: true, ...soon });
  expect(answer).toMatchObject({ status: 200, json: { operation: { done: true, dryRun: true } } });
  const [heard] = rig.scheduler.operate.heard;
  expect(heard).toMatchObject({ dryRun: true, act: { case: act } });
  if (heard?.act.case === 'reschedule') expect(heard.act.value.due && timestampMs(heard.act.value.due)).toBe(at + 3_600_000);
  if (heard?.act.case === 'changeLane') expect(heard.act.value.lane).toBe('high');
  if (heard?.act.case === 'move') expect(heard.act.value.upstream).toBe('spare');
});

test('who does not say a name is known by the address', async () => {
  await client().cancelMessages({ selector: { all: true } });
  expect(rig.scheduler.operate.heard[0]?.author).toBe('127.0.0.1');
});

test('the id of an operation makes a repeated call the same operation', async () => {
  const operationId = idOf(7);
  await client().retryMessages({ selector: { all: true }, operationId: operationId.toUpperCase() });
  expect(rig.scheduler.operate.heard[0]?.id).toBe(operationId);
  const { operation } = await client().getOperation({ id: operationId });
  expect(operation).toMatchObject({ id: operationId, kind: OperationKind.RETRY, done: true });
  expect((await rest(`/v1/operations/${operationId}`)).json).toMatchObject({ id: operationId, kind: 'OPERATION_KIND_RETRY' });
});

test('an operation that nobody remembers is NOT_FOUND', async () => {
  expect(await refusalOf(client().getOperation({ id: idOf(8) }))).toMatchObject({ code: 'NotFound', reason: 'OPERATION_NOT_FOUND' });
});

test.each([
  [{}, 'selector.ids', 'names nothing: give ids or a filter, or all'],
  [{ all: true, tenant: 'acme' }, 'selector.all', 'all does not go with ids or a filter: leave it out'],
  [{ ids: ['x'] }, 'selector.ids[0]', 'is "x"; expected a valid UUID'],
  [{ state: RecipientState.DELIVERED }, 'selector.state', 'is DELIVERED, which is final; expected QUEUED, HELD, SENDING or IN_DOUBT'],
])('a selector that makes no sense is refused before anything is asked: %o', async (selector, field, description) => {
  const refused = await refusalOf(client().cancelMessages({ selector }));
  expect(refused).toMatchObject({ code: 'InvalidArgument', reason: 'INVALID_FIELD', fields: [{ field, description }] });
  expect(rig.scheduler.operate.heard).toEqual([]);
});

test('a call without a selector is refused', async () => {
  expect(await refusalOf(client().cancelMessages({}))).toMatchObject({
    reason: 'INVALID_FIELD',
    fields: [{ field: 'selector', description: 'is missing' }],
  });
});

test('a time beyond the horizon is refused', async () => {
  const sendAt = timestampFromMs(Date.now() + 400 * 24 * 3_600_000);
  const refused = await refusalOf(client().rescheduleMessages({ selector: { all: true }, sendAt }));
  expect(refused).toMatchObject({ reason: 'INVALID_FIELD', fields: [{ field: 'send_at' }] });
});

test.each([
  [RecipientState.QUEUED, 'queued'],
  [RecipientState.HELD, 'held'],
  [RecipientState.SENDING, 'sending'],
  [RecipientState.IN_DOUBT, 'inDoubt'],
])("state %i is the core's %s", async (state, name) => {
  await client().releaseMessages({ selector: { state } });
  expect(rig.scheduler.operate.heard[0]?.selector?.state).toBe(name);
});

test.each(['retryDeadLetters', 'purgeDeadLetters'] as const)('%s takes neither an upstream nor a state', async (method) => {
  expect(await refusalOf(client()[method]({ selector: { upstream: 'main' } }))).toMatchObject({ fields: [{ field: 'selector.upstream' }] });
  expect(await refusalOf(client()[method]({ selector: { state: RecipientState.QUEUED } }))).toMatchObject({ fields: [{ field: 'selector.state' }] });
});

test('an id that the scheduler does not know is that of finished mail, or NOT_FOUND', async () => {
  rig.scheduler.operate.progress = { done: true, unchanged: [{ cause: 'NOT_FOUND', count: 1n }] };
  const id = idOf(20);
  await rig.record([accepted(id), started(id), delivered(id)]);
  const { operation } = await client().cancelMessages({ selector: { ids: [id] } });
  expect(operation?.unchanged).toMatchObject([{ cause: UnchangedCause.FINAL, count: 1n }]);
  expect(await refusalOf(client().cancelMessages({ selector: { ids: [idOf(21)] } }))).toMatchObject({
    code: 'NotFound',
    reason: 'MESSAGE_NOT_FOUND',
  });
});

test('of several ids those of finished mail are told apart from those of none', async () => {
  const [finished, nobody] = [idOf(22), idOf(23)];
  await rig.record([accepted(finished), started(finished), delivered(finished)]);
  await eventually(() => expect(rig.ledger.getMessage(finished)?.recipients[0]?.state.kind).toBe('delivered'));
  rig.scheduler.operate.progress = { done: true, unchanged: [{ cause: 'NOT_FOUND', count: 2n }] };
  const { operation } = await client().holdMessages({ selector: { ids: [finished, nobody] } });
  expect(operation?.unchanged).toMatchObject([
    { cause: UnchangedCause.NOT_FOUND, count: 1n },
    { cause: UnchangedCause.FINAL, count: 1n },
  ]);
});

test("what the scheduler finds wrong is the caller's to mend", async () => {
  rig.scheduler.operate.refusal = { code: status.INVALID_ARGUMENT, details: 'upstream: is "nowhere"; expected main or spare' };
  const refused = await refusalOf(client().moveMessages({ selector: { all: true }, upstream: 'nowhere' }));
  expect(refused).toMatchObject({ code: 'InvalidArgument', reason: 'INVALID_FIELD', message: 'upstream: is "nowhere"; expected main or spare' });
});

test('a suspension is made, listed and deleted', async () => {
  const made = await rest('/v1/suspensions', { match: { domain: 'Example.org' }, comment: 'they asked', ttl: '3600s', author: 'ann' });
  expect(made).toMatchObject({ status: 201, json: { match: { domain: 'example.org' }, comment: 'they asked', author: 'ann' } });
  const { suspensions } = await client().listSuspensions({});
  expect(suspensions).toMatchObject([{ id: made.json['id'], match: { domain: 'example.org', all: false } }]);
  const [{ createdAt, expiresAt } = {}] = suspensions;
  expect(createdAt && expiresAt && timestampMs(expiresAt) - timestampMs(createdAt)).toBe(3_600_000);
  const path = `${rig.url}/v1/suspensions/${String(made.json['id'])}?comment=over`;
  expect((await fetch(path, { method: 'DELETE' })).status).toBe(200);
  expect((await fetch(path, { method: 'DELETE' })).status).toBe(404);
  expect((await client().listSuspensions({})).suspensions).toEqual([]);
});

test('a suspension that names nothing is refused; one of all mail says so', async () => {
  expect(await refusalOf(client().createSuspension({ match: {} }))).toMatchObject({ fields: [{ field: 'match.all' }] });
  const { suspension } = await client().createSuspension({ match: { all: true } });
  expect(suspension?.match).toMatchObject({ all: true });
  await client().deleteSuspension({ id: suspension?.id ?? '' });
});

test('dead letters come page by page', async () => {
  const letter = (number: number) => ({
    ticketJson: encodeTicket(ticketOf(idOf(number), ['b@example.net'])),
    recipients: [
      { state: 'failed', reason: 'UPSTREAM_REJECTED', attempts: 1, lastReply: { code: 550, enhancedCode: '5.1.1', text: 'no such user' } },
    ],
    diedAt: timestampFromMs(1_000),
    keptUntil: timestampFromMs(2_000),
  });
  rig.scheduler.operate.deadLetters = [letter(30), letter(31), letter(32)];
  const first = await client().listDeadLetters({ pageSize: 2 });
  expect(first.deadLetters).toMatchObject([
    { message: { id: idOf(30), recipients: [{ reason: Reason.UPSTREAM_REJECTED, lastReply: { code: 550 } }] } },
    { message: { id: idOf(31) } },
  ]);
  const second = await client().listDeadLetters({ pageSize: 2, pageToken: first.nextPageToken });
  expect([second.deadLetters.map(({ message }) => message?.id), second.nextPageToken]).toEqual([[idOf(32)], '']);
  const foreign = client().listDeadLetters({ pageSize: 2, pageToken: first.nextPageToken, tenant: 'other' });
  expect(await refusalOf(foreign)).toMatchObject({ fields: [{ field: 'page_token' }] });
  expect((await rest('/v1/deadLetters?reason=upstream_rejected')).json).toMatchObject({ deadLetters: [{ diedAt: '1970-01-01T00:00:01Z' }, {}, {}] });
});

test('without the scheduler every call is UNAVAILABLE', async () => {
  rig.scheduler.stop();
  const calls = [client().holdMessages({ selector: { all: true } }), client().listSuspensions({}), client().listDeadLetters({})];
  const unavailable = { code: 'Unavailable', reason: 'SCHEDULER_UNAVAILABLE', retryAfterSeconds: 1 };
  expect(await Promise.all(calls.map((call) => refusalOf(call)))).toMatchObject([unavailable, unavailable, unavailable]);
});
