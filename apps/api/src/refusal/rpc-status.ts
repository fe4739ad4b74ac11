import { create } from '@bufbuild/protobuf';
import { anyPack, type Any } from '@bufbuild/protobuf/wkt';
import type { ConnectError } from '@connectrpc/connect';
import { RpcStatusSchema, type RpcStatus } from '@posthaste/protocol';

/** An error as google.rpc.Status, its details packed: what a result of many says, and what a gRPC answer carries in `grpc-status-details-bin`. */
export function rpcStatusOf({ code, rawMessage, details }: ConnectError): RpcStatus {
  return create(RpcStatusSchema, { code, message: rawMessage, details: details.map(packDetail) });
}

function packDetail(detail: ConnectError['details'][number]): Any | { typeUrl: string; value: Uint8Array } {
  if ('desc' in detail) return anyPack(detail.desc, create(detail.desc, detail.value));
  return { typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value };
}
