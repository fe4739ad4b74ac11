import { create, type DescMessage, type DescMethodUnary, type MessageShape } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { grpcMethod } from '@posthaste/protocol';
import {
  LookupExplanationRequestSchema,
  LookupMessageRequestSchema,
  LookupService,
  LookupStatsRequestSchema,
  type LookupExplanationResponse,
  type LookupMessageResponse,
  type LookupStatsResponse,
} from '@posthaste/protocol/dispatch';
import type { Clock } from '@posthaste/telemetry';
import { refusal } from '../refusal/refusal.ts';

export interface SchedulerLookup {
  /** Undefined: the scheduler does not know it. Rejects with SCHEDULER_UNAVAILABLE when it cannot say. */
  find(id: string): Promise<LookupMessageResponse | undefined>;
  /** Why it is not there yet; undefined: the scheduler does not know it. Rejects with SCHEDULER_UNAVAILABLE when it cannot say. */
  explain(id: string): Promise<LookupExplanationResponse | undefined>;
  /** What waits where. Rejects with SCHEDULER_UNAVAILABLE. */
  stats(): Promise<LookupStatsResponse>;
  close(): void;
}

const answerWithinMs = 2_000;

export function createSchedulerLookup(address: string, clock: Clock): SchedulerLookup {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
  });
  const { lookupMessage, lookupExplanation, lookupStats } = LookupService.method;
  const deadline = () => clock.now() + answerWithinMs;
  return {
    find: (id) =>
      ask(client, lookupMessage, create(LookupMessageRequestSchema, { id }), deadline()).catch((error: ServiceError) => {
        if (error.code === status.NOT_FOUND) return undefined;
        throw refusal('SCHEDULER_UNAVAILABLE', 'the message is not recorded yet, and the scheduler cannot be asked now; try again', { cause: error });
      }),
    explain: (id) =>
      ask(client, lookupExplanation, create(LookupExplanationRequestSchema, { id }), deadline()).catch((error: ServiceError) => {
        if (error.code === status.NOT_FOUND) return undefined;
        throw refusal('SCHEDULER_UNAVAILABLE', 'why the message waits is known to the scheduler alone, which cannot be asked now; try again', {
          cause: error,
        });
      }),
    stats: () =>
      ask(client, lookupStats, create(LookupStatsRequestSchema), deadline()).catch((error: ServiceError) => {
        throw refusal('SCHEDULER_UNAVAILABLE', 'the scheduler cannot be asked now; try again', { cause: error });
      }),
    close: () => client.close(),
  };
}

/** A unary call to a scheduler. Rejects with a ServiceError. */
export function ask<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodUnary<I, O>,
  request: MessageShape<I>,
  deadline: number,
): Promise<MessageShape<O>> {
  const { path, requestSerialize, responseDeserialize } = grpcMethod(method);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest<MessageShape<I>, MessageShape<O>>(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
      { deadline },
      (error, answer) => {
        if (answer) resolve(answer);
        else reject(error ?? new Error('neither an answer nor an error'));
      },
    );
  });
}
