import { setImmediate as turn } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { createClient, createHandlerContext, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SubmissionService, SubmitResultSchema, SubmitStreamRequestSchema, type SubmitStreamRequest } from '@posthaste/protocol';
import { eventually } from '@posthaste/testkit';
import { GrpcClient } from '../grpc/rig.ts';
import { startRig, type Rig } from '../rig.ts';
import { createSubmitStream } from './submit-stream.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig({ retryForMs: 20_000, callTimeoutMs: 20_000 })));
afterAll(() => rig.stop());

const hello = { from: 'a@example.org', to: ['b@example.net'], subject: 'hello', text: 'hi' };

describe.each([
  ['native gRPC', () => createGrpcTransport({ baseUrl: `http://${rig.grpcTarget}` })],
  ['gRPC', () => createGrpcTransport({ baseUrl: rig.url })],
  ['Connect over HTTP/2', () => createConnectTransport({ baseUrl: rig.url, httpVersion: '2' })],
  ['Connect over HTTP/1.1', () => createConnectTransport({ baseUrl: rig.url, httpVersion: '1.1' })],
] as const)('a stream by %s', (_, transport: () => Transport) => {
  const client = () => createClient(SubmissionService, transport());

  test('is answered for all of its messages, in their order', async () => {
    const answer = await client().submitStream(several(200, (number) => (number % 3 === 1 ? { ...hello, to: [] } : hello)));
    expect(answer.results.map(({ outcome }) => outcome.case)).toEqual(
      Array.from({ length: 200 }, (__, number) => (number % 3 === 1 ? 'refused' : 'accepted')),
    );
    expect([answer.acceptedCount, answer.refusedCount]).toEqual([133, 67]);
  });

  test('of no messages is answered too', async () => {
    expect(await client().submitStream(several(0, () => hello))).toMatchObject({ results: [], acceptedCount: 0, refusedCount: 0 });
  });
});

async function* several(count: number, make: (number: number) => typeof hello | { to: string[] }) {
  for (let number = 0; number < count; number += 1) yield { message: make(number) };
}

const request = (text: string) => create(SubmitStreamRequestSchema, { message: { ...hello, text } });

test('a stream that has brought nothing but refusals is answered early', async () => {
  const client = new GrpcClient(rig.grpcTarget);
  const { stream, answer } = client.stream(SubmissionService.method.submitStream);
  const ended = answer.then(() => true);
  const wrong = create(SubmitStreamRequestSchema, { message: { ...hello, to: [] } });
  for (let sent = 0; sent < 5_000; sent += 1) stream.write(wrong);
  const { results, refusedCount } = await answer;
  expect(refusedCount).toBe(results.length);
  expect(results.length).toBeGreaterThanOrEqual(500);
  expect(results.length).toBeLessThan(2_000);
  expect(await ended).toBe(true);
  client.close();
});

test('a stream is answered after so many messages, and the rest is not read', async () => {
  const bounds = { messages: 3, refusals: 9 };
  const taken = create(SubmitResultSchema, { outcome: { case: 'accepted', value: { id: 'x' } } });
  const take = createSubmitStream(() => Promise.resolve({ result: Promise.resolve(taken) }), bounds);
  let read = 0;
  const requests = async function* () {
    for (; read < 10; read += 1) yield request('x');
  };
  const { parent: service } = SubmissionService.method.submitStream;
  const context = createHandlerContext({
    service,
    method: SubmissionService.method.submitStream,
    protocolName: 'grpc',
    requestMethod: 'POST',
    url: rig.url,
  });
  expect(await take(requests(), context)).toMatchObject({ acceptedCount: 3, refusedCount: 0 });
  expect(read).toBe(2);
});

test('while storage does not answer nothing more is read, and the client is held back', async () => {
  const client = new GrpcClient(rig.grpcTarget);
  const { stream, answer } = client.stream(SubmissionService.method.submitStream);
  const message = request('x'.repeat(50_000));
  process.kill(rig.nats.pid, 'SIGSTOP');
  try {
    await eventually(() => fill(stream, message), { timeoutMs: 20_000, describe: 'the client is held back' });
    // 32 MiB may be on their way to storage, and what transports hold on both sides comes on top.
    expect(written * 50_000).toBeGreaterThan(32_000_000);
    expect(written * 50_000).toBeLessThan(40_000_000);
  } finally {
    process.kill(rig.nats.pid, 'SIGCONT');
  }
  stream.end();
  const { acceptedCount, results } = await answer;
  expect(acceptedCount).toBe(results.length);
  expect(results.length).toBe(written);
  client.close();
});

let written = 0;
let quietTurns = 0;
/** True when the client could write nothing for a hundred turns of the event loop. */
async function fill(stream: { write(message: SubmitStreamRequest): boolean; writableNeedDrain: boolean }, message: SubmitStreamRequest) {
  for (; !stream.writableNeedDrain; written += 1) stream.write(message);
  quietTurns = 0;
  while (stream.writableNeedDrain && quietTurns < 100) {
    quietTurns += 1;
    await turn();
  }
  return quietTurns === 100;
}
