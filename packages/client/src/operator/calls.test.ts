import { Code, ConnectError, createRouterTransport, type ServiceImpl } from '@connectrpc/connect';
import { ErrorInfoSchema, Lane, OperationKind, OperatorService, RecipientState, UnchangedCause } from '@posthaste/protocol';
import { expect, test } from 'vitest';
import { createPosthasteClient } from '../client.ts';

function operatorOn(service: Partial<ServiceImpl<typeof OperatorService>>) {
  const transport = createRouterTransport((router) => router.service(OperatorService, service));
  return createPosthasteClient({ transport, retry: { firstDelayMs: 1 } }).operator;
}

test('an operation that is repeated for a passing reason keeps its id', async () => {
  const ids: string[] = [];
  const operator = operatorOn({
    holdMessages({ operationId, selector }) {
      ids.push(operationId);
      expect(selector).toMatchObject({ tenant: 'shop', lane: Lane.LOW, state: RecipientState.IN_DOUBT, olderThan: { seconds: 60n } });
      const details = [{ desc: ErrorInfoSchema, value: { reason: 'SCHEDULER_UNAVAILABLE', domain: 'posthaste.v1' } }];
      if (ids.length === 1) throw new ConnectError('away', Code.Unavailable, undefined, details);
      const unchanged = [{ cause: UnchangedCause.TOO_LATE, count: 1n }];
      return { operation: { id: operationId, kind: OperationKind.HOLD, done: true, changedCount: 2n, unchanged } };
    },
  });
  const held = await operator.hold({ tenant: 'shop', lane: 'low', state: 'in_doubt', olderThanMs: 60_000 });
  expect(held).toMatchObject({ kind: 'hold', done: true, changedCount: 2, unchanged: [{ cause: 'too_late', count: 1 }] });
  expect(held.proto.id).toBe(held.id);
  expect(ids).toEqual([held.id, held.id]);
  expect(held.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('what is no word of the contract is refused before anything is sent', async () => {
  const operator = operatorOn({});
  const refused = { code: 'INVALID_FIELD', fields: [{ field: 'state', description: expect.stringContaining('expected one of QUEUED, HELD') }] };
  await expect(operator.cancel({ state: 'gone' as 'held' })).rejects.toMatchObject(refused);
  await expect(operator.reschedule({ all: true }, new Date(Number.NaN))).rejects.toMatchObject({ fields: [{ field: 'send_at' }] });
});

test('dead letters come over all pages', async () => {
  const operator = operatorOn({
    listDeadLetters: ({ pageToken, domain }) => ({
      deadLetters: [{ message: { id: `${domain}${pageToken}` } }],
      nextPageToken: pageToken.length < 2 ? `${pageToken}+` : '',
    }),
  });
  const found: string[] = [];
  for await (const { message } of operator.deadLetters({ domain: 'a' })) found.push(message.id);
  expect(found).toEqual(['a', 'a+', 'a++']);
});

test('a suspension says what it stops, and until when', async () => {
  const operator = operatorOn({
    createSuspension: ({ match, suspensionId, ttl }) => ({
      suspension: { id: suspensionId, ...(match ? { match } : {}), ...(ttl ? { expiresAt: { seconds: ttl.seconds } } : {}) },
    }),
  });
  expect(await operator.suspend({ domain: 'example.net', tags: { a: 'b' } }, { ttlMs: 60_000 })).toMatchObject({
    match: { domain: 'example.net', tenant: undefined, lane: undefined, tags: { a: 'b' }, all: false },
    expiresAt: new Date(60_000),
  });
});
