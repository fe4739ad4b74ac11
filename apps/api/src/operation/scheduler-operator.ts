import { create, type DescMessage, type DescMethodUnary, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { Client, credentials, status, type ServiceError } from '@grpc/grpc-js';
import type { Clock } from '@posthaste/telemetry';
import { ask } from '../status/scheduler-lookup.ts';
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

export function createSchedulerOperator(address: string, clock: Clock): SchedulerOperator {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
  });
  return {
    partitions: [0],
    ask: (_partition, method, request) =>
      ask(client, method, create(method.input, request), clock.now() + answerWithinMs).catch((error: ServiceError) => {
        if (error.code === status.NOT_FOUND) return undefined;
        throw refused(error);
      }),
    close: () => client.close(),
  };
}

function refused(error: ServiceError): Error {
  if (error.code === status.INVALID_ARGUMENT) return refusal('INVALID_FIELD', error.details, { cause: error });
  return refusal('SCHEDULER_UNAVAILABLE', 'the scheduler cannot be asked now; try again with the same id', { cause: error });
}
