import { create, createRegistry } from '@bufbuild/protobuf';
import { anyUnpack, timestampMs } from '@bufbuild/protobuf/wkt';
import { createClient, type CallOptions, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { encodeTicket } from '@posthaste/core';
import { ErrorInfoSchema, file_google_rpc_error_details, SubmissionService, type SubmitResult } from '@posthaste/protocol';
import { LookupMessageResponseSchema } from '@posthaste/protocol/dispatch';
import { keysStream, mailStream, streamState } from '@posthaste/stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { refusalOf, startRig, type Rig } from '../rig.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig({ limits: { maxBytes: 3_000_000 } })));
afterAll(() => rig.stop());
beforeEach(() => void (rig.full.stream = null));

const hello = { from: 'a@example.org', to: ['b@example.net'], subject: 'hello', text: 'hi' };
const registry = createRegistry(file_google_rpc_error_details);
let number = 0;
const newKey = () => `key ${++number}`;
const storedMails = async () => (await streamState(rig.connection, mailStream(0, 'normal'))).messages;

async function post(fields: object, headers: Record<string, string> = {}) {
  const request = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(fields) };
  const response = await fetch(`${rig.url}/v1/messages`, request);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { status: response.status, headers: response.headers, json: (await response.json()) as Record<string, unknown> };
}

describe.each([
  ['native gRPC', () => createGrpcTransport({ baseUrl: `http://${rig.grpcTarget}` })],
  ['gRPC', () => createGrpcTransport({ baseUrl: rig.url })],
  ['gRPC-Web', () => createGrpcWebTransport({ baseUrl: rig.url, httpVersion: '1.1' })],
  ['Connect in JSON', () => createConnectTransport({ baseUrl: rig.url, httpVersion: '1.1', useBinaryFormat: false, jsonOptions: { registry } })],
] as const)('a key by %s', (_, transport: () => Transport) => {
  const client = () => createClient(SubmissionService, transport());

  test('makes the second of two submissions the first one, marked as replayed', async () => {
    const request = { ...hello, idempotencyKey: newKey(), headers: { 'X-A': '1', 'X-B': '2' } };
    const before = await storedMails();
    const first = await client().submit(request);
    let replayed: string | null = null;
    const options: CallOptions = { onHeader: (headers) => (replayed = headers.get('idempotency-replayed')) };
    const second = await client().submit({ ...request, headers: { 'X-B': '2', 'X-A': '1' } }, options);
    expect(second).toEqual({ ...first, replayed: true });
    expect(first.replayed).toBe(false);
    expect(replayed).toBe('true');
    expect(await storedMails()).toBe(before + 1);
  });

  test('is refused for another request, with the id of the first', async () => {
    const idempotencyKey = newKey();
    const { id } = await client().submit({ ...hello, idempotencyKey });
    const refused = await refusalOf(client().submit({ ...hello, idempotencyKey, text: 'ho' }));
    expect(refused).toMatchObject({ code: 'AlreadyExists', reason: 'IDEMPOTENCY_KEY_REUSED', metadata: { message_id: id } });
  });

  test('is kept as a brief one where it serves repetitions only', async () => {
    const request = { ...hello, idempotencyKey: newKey(), briefKey: true };
    const keys = async () => (await streamState(rig.connection, keysStream('brief'))).messages;
    const before = await keys();
    const { id } = await client().submit(request);
    expect(await client().submit(request)).toMatchObject({ id, replayed: true });
    expect(await keys()).toBe(before + 1);
  });

  test('may stand in the header, and the two have to agree', async () => {
    const key = newKey();
    const { id } = await client().submit(hello, { headers: { 'Idempotency-Key': `"${key}"` } });
    expect(await client().submit({ ...hello, idempotencyKey: key }, { headers: { 'Idempotency-Key': key } })).toMatchObject({ id, replayed: true });
    const refused = await refusalOf(client().submit({ ...hello, idempotencyKey: key }, { headers: { 'Idempotency-Key': 'other' } }));
    expect(refused).toMatchObject({ code: 'InvalidArgument', reason: 'INVALID_FIELD', fields: [{ field: 'idempotency_key' }] });
  });

  test('belongs to each message of a batch, where the same one twice is one mail', async () => {
    const [one, other] = [newKey(), newKey()];
    const messages = [
      { ...hello, idempotencyKey: one },
      { ...hello, idempotencyKey: one },
      { ...hello, idempotencyKey: other },
      { ...hello, idempotencyKey: one, text: 'ho' },
      hello,
    ];
    const { results } = await client().submitBatch({ messages });
    const [first, second, third] = results.map(({ outcome }) => (outcome.case === 'accepted' ? outcome.value : undefined));
    expect(second).toMatchObject({ id: first?.id, replayed: true });
    expect(third?.id).not.toBe(first?.id);
    expect(results.map(reasonIn)).toEqual(['accepted', 'accepted', 'accepted', 'IDEMPOTENCY_KEY_REUSED', 'accepted']);
    const whole = await client().submitBatch({ messages: [hello] }, { headers: { 'Idempotency-Key': 'x' } });
    expect(whole.results.map(reasonIn)).toEqual(['INVALID_FIELD']);
  });
});

function reasonIn({ outcome }: SubmitResult): string | undefined {
  if (outcome.case !== 'refused') return outcome.case;
  return outcome.value.details.map((detail) => anyUnpack(detail, ErrorInfoSchema)?.reason).find((reason) => reason !== undefined);
}

test('REST answers a repeated submission as the first one, with Idempotency-Replayed, and another one with 409', async () => {
  const headers = { 'idempotency-key': newKey() };
  const first = await post(hello, headers);
  expect(first.headers.has('idempotency-replayed')).toBe(false);
  const second = await post(hello, headers);
  expect(second.status).toBe(202);
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(second.json).toEqual({ ...first.json, replayed: true });
  expect((await post({ ...hello, text: 'ho' }, headers)).status).toBe(409);
});

test('the same request by another protocol is the same request', async () => {
  const idempotencyKey = newKey();
  const { json } = await post({ ...hello, idempotencyKey, tags: { b: '1', a: '2' } });
  const client = createClient(SubmissionService, createGrpcTransport({ baseUrl: rig.url }));
  expect(await client.submit({ ...hello, idempotencyKey, tags: { a: '2', b: '1' } })).toMatchObject({ id: json['id'], replayed: true });
});

test('a request that was refused leaves its key free', async () => {
  const headers = { 'idempotency-key': newKey() };
  expect((await post({ ...hello, to: ['nobody'] }, headers)).status).toBe(400);
  expect((await post({ ...hello, attachments: [{ reference: 'no such' }] }, headers)).status).toBe(400);
  rig.full.stream = 'MAIL_0_normal';
  expect((await post(hello, headers)).status).toBe(429);
  rig.full.stream = null;
  expect((await post(hello, headers)).status).toBe(202);
});

test('two at once are one mail: the second hears 409 and when to come again', async () => {
  const headers = { 'idempotency-key': newKey() };
  const large = { ...hello, text: 'x'.repeat(2_000_000) };
  const before = await storedMails();
  const answers = await Promise.all([post(large, headers), post(large, headers), post(large, headers)]);
  const conflicts = answers.filter(({ status }) => status === 409);
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(3 - conflicts.length);
  for (const { headers: said } of conflicts) expect(said.get('retry-after')).toBe('1');
  expect(await storedMails()).toBe(before + 1);
});

test('what another process took is answered from its status', async () => {
  const other = await startRig({ nats: rig.nats });
  const headers = { 'idempotency-key': newKey() };
  const { json } = await post(hello, headers);
  const id = String(json['id']);
  const client = createClient(SubmissionService, createGrpcTransport({ baseUrl: other.url }));
  const again = () => client.submit(hello, { headers });
  expect(await refusalOf(again()), 'nobody knows the mail yet').toMatchObject({ code: 'Aborted', reason: 'IDEMPOTENCY_IN_FLIGHT' });
  const ticket = {
    id,
    tenant: 'default',
    lane: 'normal' as const,
    from: hello.from,
    recipients: [{ address: 'b@example.net' }],
    acceptedAt: 1_900_000_000_000,
    size: 1,
  };
  other.scheduler.known.set(id, create(LookupMessageResponseSchema, { ticketJson: encodeTicket(ticket) }));
  const replayed = await again();
  expect(replayed).toMatchObject({ id, replayed: true });
  expect(replayed.acceptedAt && timestampMs(replayed.acceptedAt)).toBe(1_900_000_000_000);
  await other.stop();
});
