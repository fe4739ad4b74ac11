import { create } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { grpcMethod } from '@posthaste/protocol';
import { LookupMessageRequestSchema, LookupService, type LookupMessageResponse } from '@posthaste/protocol/dispatch';
import type { Clock } from '@posthaste/telemetry';
import { refusal } from './refusal.ts';

export interface SchedulerLookup {
  /** Undefined: the scheduler does not know it. Rejects with SCHEDULER_UNAVAILABLE when it cannot say. */
  find(id: string): Promise<LookupMessageResponse | undefined>;
  close(): void;
}

const answerWithinMs = 2_000;

export function createSchedulerLookup(address: string, clock: Clock): SchedulerLookup {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
  });
  const { path, requestSerialize, responseDeserialize } = grpcMethod(LookupService.method.lookupMessage);
  const ask = (id: string) =>
    new Promise<LookupMessageResponse | undefined>((resolve, reject) => {
      const request = create(LookupMessageRequestSchema, { id });
      const deadline = clock.now() + answerWithinMs;
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, new Metadata(), { deadline }, (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
  return {
    find: (id) =>
      ask(id).catch((error: ServiceError) => {
        if (error.code === status.NOT_FOUND) return undefined;
        throw refusal('SCHEDULER_UNAVAILABLE', 'the message is not recorded yet, and the scheduler cannot be asked now; try again', { cause: error });
      }),
    close: () => client.close(),
  };
}
