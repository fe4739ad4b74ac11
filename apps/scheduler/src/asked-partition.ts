import type { ServerUnaryCall } from '@grpc/grpc-js';
import { partitionKey } from '@posthaste/protocol/dispatch';

/** The partition that a call concerns: a scheduler may own several. */
export function askedPartition({ metadata }: Pick<ServerUnaryCall<unknown, unknown>, 'metadata'>): number {
  return Number(metadata.get(partitionKey)[0] ?? 0);
}
