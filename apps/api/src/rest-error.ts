import { create, createRegistry, toJson, type JsonObject } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { ConnectError } from '@connectrpc/connect';
import { createAsyncIterable, type UniversalServerResponse } from '@connectrpc/connect/protocol';
import { file_google_rpc_error_details, RpcCode, RpcStatusSchema } from '@posthaste/protocol';
import { explain } from './explain.ts';
import { httpStatusOf } from './refusal.ts';

const registry = createRegistry(file_google_rpc_error_details);
const codeNames = Object.fromEntries(Object.entries(RpcCode).map(([name, code]) => [code, name]));

/** An error in REST, as https://google.aip.dev/193 writes it: `{error: {code, message, status, details}}`. */
export function statusResponse(unexplained: ConnectError, status?: number): UniversalServerResponse {
  const error = explain(unexplained);
  const code = status ?? httpStatusOf(error);
  const header = new Headers({ 'content-type': 'application/json' });
  const retryAfter = error.metadata.get('retry-after');
  if (retryAfter !== null) header.set('retry-after', retryAfter);
  const body = { error: { code, message: error.rawMessage, status: codeNames[error.code] ?? 'UNKNOWN', details: detailsOf(error) } };
  return { status: code, header, body: createAsyncIterable([Buffer.from(`${JSON.stringify(body)}\n`)]) };
}

function detailsOf(error: ConnectError): JsonObject[] {
  const details = error.findDetails(registry).map((detail) => {
    const desc = registry.getMessage(detail.$typeName);
    return desc && anyPack(desc, detail);
  });
  const status = create(RpcStatusSchema, { details: details.filter((detail) => detail !== undefined) });
  return ((toJson(RpcStatusSchema, status, { registry }) as JsonObject)['details'] ?? []) as JsonObject[];
}
