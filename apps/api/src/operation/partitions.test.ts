import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { createContextValues, type HandlerContext } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { idInPartition, LaneTable } from '@posthaste/core';
import { ListDeadLettersRequestSchema, OperationKind, UnchangedCause, type DeleteSuspensionRequest } from '@posthaste/protocol';
import { OperateService, type OperateRequest, type ProgressSchema } from '@posthaste/protocol/dispatch';
import { ManualClock } from '@posthaste/testkit';
import { refusalOf } from '../rig.ts';
import { refusal } from '../refusal/refusal.ts';
import { idOf } from '../status/example-mail.ts';
import { listDeadLetters } from './dead-letters.ts';
import { createOperate, findOperation, type OperateOptions } from './operate.ts';
import type { SchedulerOperator } from './scheduler-operator.ts';
import { deleteSuspension, listSuspensions } from './suspensions.ts';

type Answer = (partition: number, method: string, request: never) => MessageInitShape<DescMessage> | undefined;

const context = { values: createContextValues(), signal: new AbortController().signal } as HandlerContext;

/** Schedulers of so many partitions, which answer as the test says. */
function optionsOf(partitions: number, answer: Answer): OperateOptions {
  const operator: SchedulerOperator = {
    partitions: Array.from({ length: partitions }, (_, partition) => partition),
    ask: async (partition, method, request) => {
      const said = answer(partition, method.name, create(method.input, request) as never);
      return said && create(method.output, said as never);
    },
    close: () => {},
  };
  return { operator, clock: new ManualClock(), lanes: new LaneTable() } as unknown as OperateOptions;
}

const said = { comment: '', dryRun: false, author: 'ann', operationId: '' };
const act = { case: 'hold', value: {} } as const;

test('what names no id is asked of every partition, and the answers are added up', async () => {
  const progress: Record<number, MessageInitShape<typeof ProgressSchema>> = {
    0: { done: true, matched: 3n, changed: 2n, unchanged: [{ cause: 'TOO_LATE', count: 1n }] },
    1: {
      done: false,
      matched: 5n,
      changed: 1n,
      pending: 2n,
      unchanged: [
        { cause: 'TOO_LATE', count: 1n },
        { cause: 'HELD', count: 1n },
      ],
    },
  };
  const ids = new Set<string>();
  const options = optionsOf(2, (partition, _, { id }: OperateRequest) => {
    ids.add(id);
    return { progress: { id, act: 'hold', author: 'ann', ...progress[partition] } };
  });
  const operation = await createOperate(options)(said, { tenant: 'acme' }, act, context);
  expect(operation).toMatchObject({ kind: OperationKind.HOLD, done: false, matchedCount: 8n, changedCount: 3n, pendingCount: 2n, author: 'ann' });
  expect(operation.unchanged).toMatchObject([
    { cause: UnchangedCause.TOO_LATE, count: 2n },
    { cause: UnchangedCause.HELD, count: 1n },
  ]);
  expect([...ids], 'it is one operation').toEqual([operation.id]);
});

test('ids are asked of the partitions that they name', async () => {
  const [one, two, three] = [idInPartition(idOf(1), 0), idInPartition(idOf(2), 1), idInPartition(idOf(3), 1)];
  const asked = new Map<number, readonly string[]>();
  const options = optionsOf(3, (partition, _, { selector }: OperateRequest) => {
    asked.set(partition, selector?.ids ?? []);
    return { progress: { done: true } };
  });
  await createOperate(options)(said, { ids: [one, two, three] }, act, context);
  expect(asked).toEqual(
    new Map([
      [0, [one]],
      [1, [two, three]],
    ]),
  );
});

test('an operation that one partition cannot be asked for is not told as done', async () => {
  const options = optionsOf(2, (partition) => {
    if (partition === 1) throw refusal('SCHEDULER_UNAVAILABLE', 'away');
    return { progress: { done: true } };
  });
  const call = createOperate(options)(said, { tenant: 'acme' }, act, context);
  expect(await refusalOf(call)).toMatchObject({ reason: 'SCHEDULER_UNAVAILABLE' });
});

test('an operation on ids is known where those ids are', async () => {
  const id = idOf(9);
  const options = optionsOf(2, (partition) => (partition === 1 ? { progress: { id, act: 'cancel', done: true, changed: 1n } } : undefined));
  expect(await findOperation(options, id)).toMatchObject({ id, kind: OperationKind.CANCEL, done: true, changedCount: 1n });
  expect(
    await refusalOf(
      findOperation(
        optionsOf(2, () => undefined),
        id,
      ),
    ),
  ).toMatchObject({ reason: 'OPERATION_NOT_FOUND' });
});

test('a suspension is listed once, and deleted wherever it is', async () => {
  const [older, newer] = [
    { id: idOf(1), at: timestampFromMs(1_000), match: { domain: 'a.example' } },
    { id: idOf(2), at: timestampFromMs(2_000), match: {} },
  ];
  const lifted: number[] = [];
  const options = optionsOf(2, (partition, method) => {
    if (method === OperateService.method.listSuspensions.name) return { suspensions: partition === 0 ? [newer] : [older, newer] };
    lifted.push(partition);
    return partition === 0 ? {} : undefined;
  });
  expect(await listSuspensions(options)).toMatchObject([
    { id: older.id, match: { domain: 'a.example', all: false } },
    { id: newer.id, match: { all: true } },
  ]);
  await deleteSuspension(options, { id: newer.id, author: '', comment: '' } as DeleteSuspensionRequest, context);
  expect(lifted).toEqual([0, 1]);
});

test('the pages of dead letters go on from one partition to the next', async () => {
  const asked: string[] = [];
  const options = optionsOf(3, (partition, _, { from }: { from: bigint }) => {
    asked.push(`${partition} from ${from}`);
    return { deadLetters: [], next: partition === 0 && from === 0n ? 17n : 0n };
  });
  let pageToken = '';
  do ({ nextPageToken: pageToken } = await listDeadLetters(options, create(ListDeadLettersRequestSchema, { pageToken })));
  while (pageToken !== '');
  expect(asked).toEqual(['0 from 0', '0 from 17', '1 from 0', '2 from 0']);
});
