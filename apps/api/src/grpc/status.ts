import { toBinary } from '@bufbuild/protobuf';
import type { ConnectError } from '@connectrpc/connect';
import { Metadata, type status, type StatusObject } from '@grpc/grpc-js';
import { RpcStatusSchema } from '@posthaste/protocol';
import { rpcStatusOf } from '../refusal/rpc-status.ts';

/** An error as grpc-js sends it: the same words and details that Connect's servers send. */
export function grpcStatusOf(error: ConnectError): StatusObject {
  const metadata = new Metadata();
  for (const [name, value] of error.metadata) metadata.set(name, value);
  metadata.set('grpc-status-details-bin', Buffer.from(toBinary(RpcStatusSchema, rpcStatusOf(error))));
  // Both libraries have the codes of gRPC by its numbers.
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
  const code: status = error.code as number;
  // A lone surrogate, as cutting a text can leave one, is more than a URI can hold.
  return { code, details: error.rawMessage.toWellFormed(), metadata };
}
