import { connect, type IncomingHttpHeaders } from 'node:http2';
import { ConnectError } from '@connectrpc/connect';
import { encodeEnvelope } from '@connectrpc/connect/protocol';
import { errorFromJson } from '@connectrpc/connect/protocol-connect';
import { findTrailerError } from '@connectrpc/connect/protocol-grpc';
import { trailerParse } from '@connectrpc/connect/protocol-grpc-web';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusalOf, startRig, type Rig } from '../rig.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig()));
afterAll(() => rig.stop());

const submit = '/posthaste.v1.SubmissionService/Submit';
const junk = Buffer.from([0xff, 0xff, 0xff]);
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

/** Raw bytes in, the error out: as a client of each protocol reads it. */
const speakers = {
  Connect: async (path: string, type: string, body: Buffer) => {
    const response = await fetch(rig.url + path, {
      method: 'POST',
      headers: { 'content-type': type === 'json' ? 'application/json' : 'application/proto' },
      body,
    });
    return errorFromJson((await response.json()) as never, undefined, new ConnectError('no error'));
  },
  'gRPC-Web': async (path: string, type: string, body: Buffer) => {
    const response = await fetch(rig.url + path, {
      method: 'POST',
      headers: { 'content-type': `application/grpc-web+${type}` },
      body: encodeEnvelope(0, body),
    });
    return findTrailerError(trailerParse(new Uint8Array(await response.arrayBuffer()).subarray(5)));
  },
  gRPC: async (path: string, type: string, body: Buffer) => findTrailerError(await grpcTrailer(path, type, encodeEnvelope(0, body))),
};

describe.each(Object.entries(speakers))('by %s', (_, speak) => {
  const refusal = async (path: string, type: string, body: Buffer) => refusalOf(Promise.reject(await speak(path, type, body)));

  test('broken protobuf is the fault of its sender', async () => {
    expect(await refusal(submit, 'proto', junk)).toMatchObject({ code: 'InvalidArgument', reason: 'MALFORMED_REQUEST', domain: 'posthaste.v1' });
  });

  test('broken JSON is the fault of its sender', async () => {
    expect(await refusal(submit, 'json', Buffer.from('{'))).toMatchObject({ code: 'InvalidArgument', reason: 'MALFORMED_REQUEST' });
  });

  test('an unknown field of JSON is refused by its name', async () => {
    expect(await refusal(submit, 'json', json({ colour: 'red' }))).toMatchObject({ reason: 'UNKNOWN_FIELD', metadata: { field: 'colour' } });
  });

  test('an unknown method is unimplemented, with a reason', async () => {
    expect(await refusal('/posthaste.v1.SubmissionService/Recall', 'json', json({}))).toMatchObject({
      code: 'Unimplemented',
      reason: 'METHOD_NOT_FOUND',
    });
  });
});

test('a content type that no protocol has is 415 with a reason', async () => {
  const response = await fetch(rig.url + submit, { method: 'POST', headers: { 'content-type': 'text/xml' }, body: '<x/>' });
  expect(response.status).toBe(415);
  expect(await response.json()).toMatchObject({ details: [{ type: 'google.rpc.ErrorInfo' }] });
});

/** Trailers, or headers when the answer has no body. */
function grpcTrailer(path: string, type: string, body: Uint8Array): Promise<Headers> {
  return new Promise((resolve, reject) => {
    const session = connect(rig.url);
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': `application/grpc+${type}`, te: 'trailers' });
    let found: IncomingHttpHeaders = {};
    stream.on('response', (headers) => (found = headers)).on('trailers', (trailers) => (found = trailers));
    stream.on('error', reject).on('close', () => {
      session.close();
      const pairs = Object.entries(found).filter(([name]) => !name.startsWith(':'));
      resolve(new Headers(pairs.map(([name, value]): [string, string] => [name, String(value)])));
    });
    stream.resume();
    stream.end(body);
  });
}
