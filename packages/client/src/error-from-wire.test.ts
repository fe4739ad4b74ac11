import { Code, ConnectError } from '@connectrpc/connect';
import { ErrorInfoSchema, RetryInfoSchema } from '@posthaste/protocol';
import { expect, test } from 'vitest';
import { errorFromCall } from './error-from-wire.ts';
import { createFakePosthaste } from './fake/index.ts';
import { refusalError } from './fake/refusal.ts';
import { PosthasteError } from './posthaste-error.ts';

test('a reason of ours is the code', () => {
  const fields = [{ field: 'to[0]', description: 'is no address' }];
  const error = errorFromCall(refusalError({ code: 'INVALID_FIELD', sentence: 'to[0]: is no address', fields }));
  expect(error).toMatchObject({ code: 'INVALID_FIELD', message: 'to[0]: is no address', fields, retryable: false, retryAfterMs: undefined });
  expect(error.cause).toBeInstanceOf(ConnectError);
});

test.each([
  ['a connection that broke', Code.Aborted, 'UNAVAILABLE', true],
  ['a stream that was reset', Code.Canceled, 'UNAVAILABLE', true],
  ['a server that is away', Code.Unavailable, 'UNAVAILABLE', true],
  ['a proxy that wants a password', Code.Unauthenticated, 'UNAVAILABLE', false],
  ['a proxy that knows no such path', Code.Unimplemented, 'METHOD_NOT_FOUND', false],
  ['a request above a limit of the protocol', Code.ResourceExhausted, 'MESSAGE_TOO_LARGE', false],
  ['an attempt that took too long', Code.DeadlineExceeded, 'DEADLINE_EXCEEDED', true],
])('%s has a code too', (_, rpcCode, code, retryable) => {
  expect(errorFromCall(new ConnectError('', rpcCode))).toMatchObject({ code, retryable });
});

test("a server's CANCELLED is the connection's trouble, unless the caller gave up", () => {
  const cancelled = refusalError({ code: 'CANCELLED', sentence: 'the client went away' });
  expect(errorFromCall(cancelled)).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  expect(errorFromCall(cancelled, AbortSignal.abort('enough'))).toMatchObject({ code: 'CANCELLED', retryable: false, cause: 'enough' });
});

test('an error of ours stays what it is', () => {
  const error = new PosthasteError('x', { code: 'STORAGE_FULL' });
  expect(errorFromCall(error)).toBe(error);
});

test('what the server gives a time for is worth another try, whatever its reason', () => {
  const details = [
    { desc: ErrorInfoSchema, value: { domain: 'posthaste.v1', reason: 'OVERLOADED' } },
    { desc: RetryInfoSchema, value: { retryDelay: { seconds: 2n } } },
  ];
  const busy = new ConnectError('too much at once', Code.ResourceExhausted, {}, details);
  expect(errorFromCall(busy)).toMatchObject({ code: 'OVERLOADED', retryable: true, retryAfterMs: 2_000 });
});

test('what the contract has no words for is told at once, and not repeated', async () => {
  const { client } = createFakePosthaste();
  const malformed = { code: 'MALFORMED_REQUEST', retryable: false, message: expect.stringContaining('page_size') };
  await expect(client.listPage({ pageSize: 1.5 })).rejects.toMatchObject(malformed);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('a span of %s ms is told at once', async (ms) => {
  const { client } = createFakePosthaste();
  const refuses = (field: string, call: Promise<unknown>) => expect(call).rejects.toMatchObject({ code: 'INVALID_FIELD', fields: [{ field }] });
  await refuses('timeout', client.sendAndWait({ from: 'shop@example.org', to: 'ann@example.net', text: 'x' }, { timeoutMs: ms }));
  await refuses('selector.older_than', client.operator.hold({ olderThanMs: ms }));
  await refuses('ttl', client.operator.suspend({ all: true }, { ttlMs: ms }));
});
