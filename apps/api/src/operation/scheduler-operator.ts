import { create, type DescMessage, type DescMethodUnary, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { status, type ServiceError } from '@grpc/grpc-js';
import { openOwnerLines, type OwnerLinesOptions } from '../status/owner-line.ts';
import { refusal } from '../refusal/refusal.ts';

/** The schedulers as the operator's hand reaches them. */
export interface SchedulerOperator {
  /** All partitions: what names no id concerns each of them. */
  readonly partitions: readonly number[];
  /** Asks the partition's scheduler. Undefined: NOT_FOUND. Rejects with INVALID_FIELD or SCHEDULER_UNAVAILABLE. */
  ask<I extends DescMessage, O extends DescMessage>(
    partition: number,
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O> | undefined>;
  close(): void;
}

/** Above the time that a scheduler is given to get done (`patienceMs` in operate.ts). */
const answerWithinMs = 8_000;

export function createSchedulerOperator(options: Omit<OwnerLinesOptions, 'answerWithinMs'>): SchedulerOperator {
  const lines = openOwnerLines({ ...options, answerWithinMs });
  return {
    partitions: [...lines.keys()],
    ask: async (partition, method, request) =>
      lines[partition]?.ask(method, create(method.input, request)).catch((error: ServiceError) => {
        if (error.code === status.NOT_FOUND) return undefined;
        throw refused(error);
      }),
    close: () => lines.forEach((line) => line.close()),
  };
}

function refused(error: ServiceError): Error {
  if (error.code === status.INVALID_ARGUMENT) return refusal('INVALID_FIELD', error.details, { cause: error });
  return refusal(
    'SCHEDULER_UNAVAILABLE',
    'the scheduler cannot be asked now; try again: a call that names an operation_id, and names it again, does not act twice',
    { cause: error },
  );
}
