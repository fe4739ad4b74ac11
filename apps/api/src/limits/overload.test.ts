import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { grpcMethod, SubmissionService } from '@posthaste/protocol';
import { eventually } from '@posthaste/testkit';
import { requestBytes } from './call-limits.ts';
import { GrpcClient } from '../grpc/rig.ts';
import { refusalOf, startRig, type Rig } from '../rig.ts';

const mebibyte = 1024 * 1024;
const hello = { from: 'a@example.org', to: ['b@example.net'], subject: 'hello', text: 'hi' };
const large = { ...hello, text: 'x'.repeat(2 * mebibyte) };

/** Two requests of a length that nobody told fit, or four that told it. */
const limits = { maxBytes: 2.5 * mebibyte };
const maxRequestBytes = requestBytes(limits.maxBytes);
/** An eighth is kept for small requests. */
const maxInFlightBytes = Math.ceil((2 * maxRequestBytes * 8) / 7);
let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ limits, maxRequestBytes, maxInFlightBytes, retryForMs: 20_000, callTimeoutMs: 20_000 });
});
afterEach(() => rig.stop());

/** Storage answers nothing while `act` runs. */
async function whileStorageIsPaused(act: () => Promise<void>): Promise<void> {
  process.kill(rig.nats.pid, 'SIGSTOP');
  try {
    await act();
  } finally {
    process.kill(rig.nats.pid, 'SIGCONT');
  }
}

describe.each([
  ['native gRPC', () => createGrpcTransport({ baseUrl: `http://${rig.grpcTarget}` })],
  ['gRPC', () => createGrpcTransport({ baseUrl: rig.url })],
  ['Connect', () => createConnectTransport({ baseUrl: rig.url, httpVersion: '1.1' })],
] as const)('requests by %s', (_, transport: () => Transport) => {
  const client = () => createClient(SubmissionService, transport());

  test('above what may be in memory are refused after a while, and are told when to come again', async () => {
    const calls: Promise<unknown>[] = [];
    await whileStorageIsPaused(async () => {
      calls.push(...Array.from({ length: 6 }, () => client().submit(large)));
      const refused = await refusalOf(Promise.race(calls));
      expect(refused).toMatchObject({ code: 'ResourceExhausted', reason: 'OVERLOADED', retryAfterSeconds: 2 });
      expect(rig.publisher.pendingBytes).toBeGreaterThan(0);
    });
    const ends = await Promise.allSettled(calls);
    const taken = ends.filter(({ status: end }) => end === 'fulfilled');
    expect(taken.length).toBeGreaterThanOrEqual(2);
    expect(taken.length).toBeLessThan(6);
  });

  test('wait for those before them', async () => {
    const calls = Array.from({ length: 8 }, () => client().submit(large));
    expect(new Set((await Promise.all(calls)).map(({ id }) => id)).size).toBe(8);
  });

  test('that were broken off leave their place to others', async () => {
    await whileStorageIsPaused(async () => {
      const calls = Array.from({ length: 4 }, () => refusalOf(client().submit(large, { timeoutMs: 300 })));
      for (const call of calls) expect(await call).toMatchObject({ code: 'DeadlineExceeded' });
    });
    const after = await Promise.all([client().submit(large), client().submit(large)]);
    expect(after.map(({ id }) => id)).toHaveLength(2);
  });
});

test('what waits for its turn takes no memory for what it is going to send', async () => {
  const announced = 3 * mebibyte;
  const announce = () => {
    const headers = { 'content-type': 'application/json', 'content-length': announced };
    const request = httpRequest(`${rig.url}/v1/messages`, { method: 'POST', headers, agent: false }).on('error', () => {});
    request.flushHeaders();
    return request;
  };
  const before = process.memoryUsage().arrayBuffers;
  const requests = Array.from({ length: 40 }, announce);
  await eventually(() => requests.every(({ socket }) => socket?.readyState === 'open'));
  await fetch(`${rig.url}/health`);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * announced);
  for (const request of requests) request.destroy();
});

test('a deadline that passes while storage is away is DEADLINE_EXCEEDED', async () => {
  const native = new GrpcClient(rig.grpcTarget);
  const web = createClient(SubmissionService, createConnectTransport({ baseUrl: rig.url, httpVersion: '1.1' }));
  await whileStorageIsPaused(async () => {
    const late = native.unary(SubmissionService.method.submit, hello, { deadline: Date.now() + 200 });
    await expect(late).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    expect(await refusalOf(web.submit(hello, { timeoutMs: 200 }))).toMatchObject({ code: 'DeadlineExceeded' });
  });
  native.close();
});

test('a request on the native port that does not arrive is refused', async () => {
  const slow = await startRig({ requestTimeoutMs: 200 });
  const session = connect(`http://${slow.grpcTarget}`);
  const { path } = grpcMethod(SubmissionService.method.submit);
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
  stream.write(Buffer.from([0, 0, 0, 1, 0, 1, 2, 3]));
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  expect(headers['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
  expect(headers['grpc-message']).toBe('the%20request%20did%20not%20arrive%20within%20200%20ms');
  session.destroy();
  await slow.stop();
});
