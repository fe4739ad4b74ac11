import { create, createRegistry, toJson, type JsonObject } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { ConnectError } from '@connectrpc/connect';
import { createAsyncIterable, type UniversalServerResponse } from '@connectrpc/connect/protocol';
import { file_google_rpc_error_details, RpcCode, RpcStatusSchema } from '@posthaste/protocol';
import { explain } from '../refusal/explain.ts';
import { httpStatusOf } from '../refusal/refusal.ts';

const registry = createRegistry(file_google_rpc_error_details);
const codeNames = Object.fromEntries(Object.entries(RpcCode).map(([name, code]) => [code, name]));

/** An error in REST as a response. */
export function statusResponse(unexplained: ConnectError, status?: number): UniversalServerResponse {
  const error = explain(unexplained);
  const retryAfter = error.metadata.get('retry-after');
  const header: Record<string, string> = retryAfter === null ? {} : { 'retry-after': retryAfter };
  return jsonResponse(status ?? httpStatusOf(error), header, errorJson(error, status));
}

/** An error in REST, as https://google.aip.dev/193 writes it: `{error: {code, message, status, details}}`. */
export function errorJson(unexplained: ConnectError, status?: number): JsonObject {
  const error = explain(unexplained);
  const code = status ?? httpStatusOf(error);
  return { error: { code, message: error.rawMessage, status: codeNames[error.code] ?? 'UNKNOWN', details: detailsOf(error) } };
}

/** A response in REST. The line end is for those who read it in a terminal. */
export function jsonResponse(status: number, header: Readonly<Record<string, string>>, value: JsonObject): UniversalServerResponse {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
  const whole = { 'content-type': 'application/json', 'content-length': String(bytes.length), ...header };
  return { status, header: new Headers(whole), body: createAsyncIterable([bytes]) };
}

function detailsOf(error: ConnectError): JsonObject[] {
  const details = error.findDetails(registry).map((detail) => {
    const desc = registry.getMessage(detail.$typeName);
    return desc && anyPack(desc, detail);
  });
  const status = create(RpcStatusSchema, { details: details.filter((detail) => detail !== undefined) });
  return ((toJson(RpcStatusSchema, status, { registry }) as JsonObject)['details'] ?? []) as JsonObject[];
}
