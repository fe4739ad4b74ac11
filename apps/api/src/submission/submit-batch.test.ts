import { createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BadRequestSchema, file_google_rpc_error_details, RpcCode, SubmissionService, type SubmitResult } from '@posthaste/protocol';
import { createRegistry } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { refusalOf, startRig, type Rig } from '../rig.ts';

const maxRequestBytes = 3_000_000;
let rig: Rig;
beforeAll(async () => void (rig = await startRig({ limits: { maxBytes: 100_000 }, maxRequestBytes })));
afterAll(() => rig.stop());

/** What details a JSON client can read. */
const registry = createRegistry(file_google_rpc_error_details);
const hello = { from: 'a@example.org', to: ['b@example.net'], subject: 'hello', text: 'hi' };

/** `accepted`, or code and fields of the refusal. */
function outcomeOf({ outcome }: SubmitResult): unknown {
  if (outcome.case !== 'refused') return outcome.case;
  const { code, details } = outcome.value;
  const fields = details.flatMap((detail) => anyUnpack(detail, BadRequestSchema)?.fieldViolations ?? []);
  return [code, ...fields.map(({ field }) => field)];
}

describe.each([
  ['native gRPC', () => createGrpcTransport({ baseUrl: `http://${rig.grpcTarget}` })],
  ['gRPC', () => createGrpcTransport({ baseUrl: rig.url })],
  ['gRPC-Web', () => createGrpcWebTransport({ baseUrl: rig.url, httpVersion: '1.1' })],
  ['Connect', () => createConnectTransport({ baseUrl: rig.url, httpVersion: '1.1' })],
  ['Connect in JSON', () => createConnectTransport({ baseUrl: rig.url, httpVersion: '1.1', useBinaryFormat: false, jsonOptions: { registry } })],
] as const)('a batch by %s', (_, transport: () => Transport) => {
  const client = () => createClient(SubmissionService, transport());

  test('is taken message by message, and each learns its own fate in the order of the request', async () => {
    const messages = [hello, { ...hello, subject: 'a\nb' }, hello, { ...hello, text: 'x'.repeat(150_000) }, { ...hello, to: ['nobody'] }, hello];
    const { results } = await client().submitBatch({ messages });
    expect(results.map(outcomeOf)).toEqual([
      'accepted',
      [RpcCode.INVALID_ARGUMENT, 'subject'],
      'accepted',
      [RpcCode.INVALID_ARGUMENT],
      [RpcCode.INVALID_ARGUMENT, 'to[0]'],
      'accepted',
    ]);
    const ids = results.flatMap(({ outcome }) => (outcome.case === 'accepted' ? [outcome.value.id] : []));
    expect(new Set(ids).size).toBe(3);
  });

  test('of a thousand is taken whole', async () => {
    const { results } = await client().submitBatch({ messages: Array.from({ length: 1_000 }, () => hello) });
    expect(results.filter(({ outcome }) => outcome.case === 'accepted')).toHaveLength(1_000);
  });

  test.each([
    ['none', 0, 'messages: is empty; expected 1 to 1000'],
    ['too many', 1_001, 'messages: has 1001 messages; expected 1 to 1000'],
  ])('of %s is refused whole', async (__, length, sentence) => {
    const refused = await refusalOf(client().submitBatch({ messages: Array.from({ length }, () => hello) }));
    expect(refused).toMatchObject({ code: 'InvalidArgument', reason: 'INVALID_FIELD', message: sentence });
  });

  test('above the size of a request is refused whole', async () => {
    const messages = Array.from({ length: 40 }, () => ({ ...hello, text: 'x'.repeat(99_000) }));
    expect(await refusalOf(client().submitBatch({ messages }))).toMatchObject({
      reason: 'MESSAGE_TOO_LARGE',
      metadata: { limit_bytes: String(maxRequestBytes) },
    });
  });
});

test('a batch by REST tells in JSON what became of each', async () => {
  const response = await fetch(`${rig.url}/v1/messages:batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [hello, { ...hello, tenant: 'no such' }] }),
  });
  expect(response.status).toBe(200);
  const { results } = (await response.json()) as { results: unknown[] };
  expect(results).toMatchObject([
    { accepted: { id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown } },
    {
      refused: {
        code: RpcCode.INVALID_ARGUMENT,
        details: [
          { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'INVALID_FIELD' },
          { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field: 'tenant' }] },
        ],
      },
    },
  ]);
});

test('a batch in which every message names one stored file is taken whole', async () => {
  const roomy = await startRig({ limits: { maxBytes: 4 * 2 ** 20 } });
  try {
    const client = createClient(SubmissionService, createGrpcTransport({ baseUrl: `http://${roomy.grpcTarget}` }));
    const { reference } = await client.uploadAttachment({ content: Buffer.alloc(2 * 2 ** 20, 'x') });
    const messages = Array.from({ length: 80 }, () => ({ ...hello, attachments: [{ filename: 'file.txt', reference }] }));
    const { results } = await client.submitBatch({ messages });
    expect(results.map(outcomeOf)).toEqual(messages.map(() => 'accepted'));
  } finally {
    await roomy.stop();
  }
});
