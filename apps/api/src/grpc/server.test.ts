import { connect as connectHttp2 } from 'node:http2';
import { Code, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Client, credentials, status, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeTicket } from '@posthaste/core';
import { grpcMethod, SubmissionService } from '@posthaste/protocol';
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from '@posthaste/protocol/grpc';
import { mailStream, readLast, ticketHeader } from '@posthaste/stream';
import { eventually } from '@posthaste/testkit';
import { refusalOf, startRig, type Rig } from '../rig.ts';
import { GrpcClient } from './rig.ts';

let rig: Rig;
let client: GrpcClient;
beforeAll(async () => {
  rig = await startRig({ limits: { maxBytes: 100_000 } });
  client = new GrpcClient(rig.grpcTarget);
});
afterAll(async () => {
  client.close();
  await rig.stop();
});
beforeEach(() => void (rig.full.stream = null));

const hello = { from: 'a@example.org', to: ['b@example.net'], subject: 'hello', text: 'hi' };

describe('the native port', () => {
  /** Connect's client over HTTP/2 is one more real gRPC client, and reads error details. */
  const connect = () => createClient(SubmissionService, createGrpcTransport({ baseUrl: `http://${rig.grpcTarget}` }));

  test('a message is stored and answered with its id', async () => {
    const { id } = await client.unary(SubmissionService.method.submit, { ...hello, tenant: 'native' });
    const entry = await readLast(rig.connection, mailStream(0, 'normal'), 'mail.0.normal.native');
    expect(decodeTicket(entry.header(ticketHeader) ?? '')).toMatchObject({ id, recipients: [{ address: 'b@example.net' }] });
    expect(Buffer.from(entry.body).toString()).toMatch(/^Received: from \[127.0.0.1\] .* with gRPC id /s);
  });

  test('each broken rule is named, with a reason', async () => {
    const refused = await refusalOf(connect().submit({ ...hello, tenant: 'no such', subject: 'a\nb' }));
    expect(refused).toMatchObject({ code: 'InvalidArgument', reason: 'INVALID_FIELD', domain: 'posthaste.v1' });
    expect(refused.fields.map(({ field }) => field)).toEqual(['subject', 'tenant']);
    expect(refused.message).toBe(
      'subject: has a line break; expected one line; tenant: is "no such"; expected at most 64 letters, digits, "_" or "-"',
    );
  });

  test('full storage is RESOURCE_EXHAUSTED, and says when to come again', async () => {
    rig.full.stream = 'MAIL_0_normal';
    expect(await refusalOf(connect().submit(hello))).toMatchObject({ code: 'ResourceExhausted', reason: 'STORAGE_FULL', retryAfterSeconds: 5 });
  });

  test('a message above the limit is refused for its size, by the door or before it is read', async () => {
    expect(await refusalOf(connect().submit({ ...hello, text: 'x'.repeat(200_000) }))).toMatchObject({ reason: 'MESSAGE_TOO_LARGE' });
    const unread = await refusalOf(connect().submit({ ...hello, text: 'x'.repeat(5_000_000) }));
    expect(unread).toMatchObject({ code: 'InvalidArgument', reason: 'MESSAGE_TOO_LARGE', metadata: { limit_bytes: '1181912' } });
  });

  test('what is no protobuf is refused as malformed', async () => {
    const raw = new Client(rig.grpcTarget, credentials.createInsecure());
    const { path, responseDeserialize } = grpcMethod(SubmissionService.method.submit);
    const error = await new Promise<ServiceError | null>((resolve) => {
      raw.makeUnaryRequest(
        path,
        () => Buffer.from('\u0007broken'),
        responseDeserialize,
        {},
        (refused) => resolve(refused),
      );
    });
    raw.close();
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(error?.details).toContain('posthaste.v1.SubmitRequest');
  });

  test('a client may send more than the 64 KiB of HTTP/2 before it has to wait, from its first call on', async () => {
    const session = connectHttp2(`http://${rig.grpcTarget}`);
    const { path } = grpcMethod(SubmissionService.method.submit);
    session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
    await eventually(() => (session.state.remoteWindowSize ?? 0) > 1_000_000);
    session.destroy();
  });

  test('health is answered there too', async () => {
    const health = createClient(Health, createGrpcTransport({ baseUrl: `http://${rig.grpcTarget}` }));
    expect((await health.check({ service: SubmissionService.typeName })).status).toBe(ServingStatus.SERVING);
  });

  test.each(['gRPC alone', 'all protocols'])('health has the codes of its protocol on the port for %s', async (port) => {
    const baseUrl = port === 'gRPC alone' ? `http://${rig.grpcTarget}` : rig.url;
    const health = createClient(Health, createGrpcTransport({ baseUrl }));
    await expect(health.check({ service: 'nobody' })).rejects.toMatchObject({ code: Code.NotFound });
    const watched = health.watch({})[Symbol.asyncIterator]().next();
    await expect(watched).rejects.toMatchObject({ code: Code.Unimplemented });
  });
});
