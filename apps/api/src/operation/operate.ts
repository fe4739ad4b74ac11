import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { HandlerContext } from '@connectrpc/connect';
import { type LaneTable, partitionOf } from '@posthaste/core';
import type { Operation } from '@posthaste/protocol';
import { OperateService, type OperateRequestSchema, type Progress } from '@posthaste/protocol/dispatch';
import { refusal } from '../refusal/refusal.ts';
import type { MessageSources } from '../status/message-finding.ts';
import { authorOf, idOr } from './caller.ts';
import { explainUnknown } from './unknown-ids.ts';
import { operationFrom } from './operation-view.ts';
import type { SchedulerOperator } from './scheduler-operator.ts';
import type { Selection } from './selection.ts';

export interface OperateOptions extends MessageSources {
  readonly operator: SchedulerOperator;
  readonly lanes: LaneTable;
}

/** What every request for an operation says beside its selector. */
export interface OperationRequest {
  readonly comment: string;
  readonly dryRun: boolean;
  readonly author: string;
  readonly operationId: string;
}

/** How long a call waits until the operation is done; then it goes on by itself. */
const patienceMs = 3_000;

/** What is done, as it is written down before it is sent. */
export type Act = NonNullable<MessageInitShape<typeof OperateRequestSchema>['act']>;

export type Operate = (request: OperationRequest, selection: Selection, act: Act, context: HandlerContext) => Promise<Operation>;

/** Has the schedulers act: on ids those whose they are, on all else every one. */
export function createOperate(options: OperateOptions): Operate {
  const { operator, clock } = options;
  const { operate } = OperateService.method;
  return async (request, selection, act, context) => {
    const command = {
      id: idOr(request.operationId),
      at: timestampFromMs(clock.now()),
      author: authorOf(request, context),
      comment: request.comment,
      dryRun: request.dryRun,
      patience: durationFromMs(patienceMs),
      act,
    };
    const parts = divide(selection, operator.partitions);
    const progress = await Promise.all(
      parts.map(async ({ partition, selection: part }) => (await operator.ask(partition, operate, { ...command, selector: part }))?.progress),
    );
    const operation = operationFrom(progress.filter((each) => each !== undefined));
    return explainUnknown(options, { operation, ids: selection.ids ?? [], act: act.case }, context.signal);
  };
}

/** How far an operation is. Rejects with OPERATION_NOT_FOUND. */
export async function findOperation({ operator }: Pick<OperateOptions, 'operator'>, id: string): Promise<Operation> {
  const { lookupOperation } = OperateService.method;
  const found = await Promise.all(operator.partitions.map(async (partition) => (await operator.ask(partition, lookupOperation, { id }))?.progress));
  const progress = found.filter((each): each is Progress => each !== undefined);
  if (progress.length === 0) throw refusal('OPERATION_NOT_FOUND', `no operation has the id ${id}, or it was done long ago`, { metadata: { id } });
  return operationFrom(progress);
}

interface Part {
  readonly partition: number;
  readonly selection: Selection;
}

/** An id of a partition that is not there is asked for in the first one, which does not know it. */
function divide(selection: Selection, partitions: readonly number[]): Part[] {
  const { ids = [] } = selection;
  if (ids.length === 0) return partitions.map((partition) => ({ partition, selection }));
  const home = (id: string) => (partitions.includes(partitionOf(id)) ? partitionOf(id) : (partitions[0] ?? 0));
  return [...Map.groupBy(ids, home)].map(([partition, own]) => ({ partition, selection: { ...selection, ids: own } }));
}
