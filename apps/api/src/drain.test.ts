import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { status, type ServiceError } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { SubmissionService } from '@posthaste/protocol';
import { mailStream, readLast } from '@posthaste/stream';
import { eventually } from '@posthaste/testkit';
import { GrpcClient } from './grpc/rig.ts';
import { startRig } from './rig.ts';

const hello = { from: 'a@example.org', to: ['b@example.net'], subject: 'hello', text: 'hi' };

test.each(['native gRPC', 'Connect'] as const)(
  'a server that closes under load by %s has stored what it answered, and answers what it took',
  async (name) => {
    const rig = await startRig();
    const native = new GrpcClient(rig.grpcTarget);
    const web = createClient(SubmissionService, createConnectTransport({ baseUrl: rig.url, httpVersion: '1.1' }));
    const call = () => (name === 'Connect' ? web.submit(hello) : native.unary(SubmissionService.method.submit, hello));
    const answered: string[] = [];
    const ended: unknown[] = [];
    const load = async () => {
      for (;;) {
        try {
          answered.push((await call()).id);
        } catch (error) {
          ended.push(error);
          return;
        }
      }
    };
    const loads = Array.from({ length: 20 }, load);
    await eventually(() => answered.length > 200);
    await rig.server.close(5_000);
    await Promise.all(loads);
    native.close();
    // With gRPC a call that comes too late is refused as such; over HTTP/1.1 it may find its connection closed, unread.
    if (name === 'native gRPC') expect(ended.map((error) => (error as ServiceError).code)).toEqual(ended.map(() => status.UNAVAILABLE));
    expect(new Set(answered).size).toBe(answered.length);
    const { sequence } = await readLast(rig.connection, mailStream(0, 'normal'), 'mail.0.normal.default');
    expect(sequence).toBe(answered.length);
    await rig.stop();
  },
);
