import { getOption, hasOption, type DescMessage, type DescMethod, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  createAsyncIterable,
  readAllBytes,
  type UniversalHandler,
  type UniversalHandlerFn,
  type UniversalServerRequest,
  type UniversalServerResponse,
} from '@connectrpc/connect/protocol';
import { errorFromJsonBytes } from '@connectrpc/connect/protocol-connect';
import { http_answer, httpRule, type HttpAnswer, type HttpRule } from '@posthaste/protocol';
import { explain, refuseUnknownField } from '../refusal/explain.ts';
import { overRest } from '../call-context.ts';
import { compilePath, fillPath, type PathMatcher } from './path-template.ts';
import { reasonOf, refusal, refuseFields } from '../refusal/refusal.ts';
import { jsonResponse, statusResponse } from './error.ts';
import { callAsEvents } from './events.ts';
import { faultsOfJson } from './json-faults.ts';
import { readQuery } from './query.ts';
import { withZeros } from './zeros.ts';

/** One binding of google.api.http. REST is a translation to a call by Connect's unary protocol, and back. */
interface Route {
  readonly method: DescMethod;
  readonly verb: string;
  /** The template. */
  readonly path: string;
  readonly match: PathMatcher;
  readonly rule: HttpRule;
  readonly answer: HttpAnswer | undefined;
  readonly call: UniversalHandlerFn;
}

/** Who answers a request. */
export interface Target {
  /** Absent when the answer is a refusal. */
  readonly method?: DescMethod;
  call(request: UniversalServerRequest): Promise<UniversalServerResponse>;
}

export interface Transcoder {
  /** Undefined when the path belongs to no binding. */
  find(verb: string, path: string): Target | undefined;
  /** All bindings, as in `GET /v1/messages/{id}`. */
  readonly bindings: readonly string[];
}

export function createTranscoder(
  handlers: readonly UniversalHandler[],
  calls: ReadonlyMap<string, UniversalHandlerFn>,
  limitOf: (method: DescMethod) => number,
): Transcoder {
  const routes = handlers.flatMap((handler) => routesOf(handler, calls.get(handler.requestPath) ?? handler));
  return {
    bindings: routes.map(({ verb, path }) => `${verb} ${path}`),
    find(verb, path) {
      const onPath = routes.filter((route) => route.match(path));
      const route = onPath.find((each) => each.verb === verb);
      if (route) return { method: route.method, call: (request) => serve(route, request, limitOf(route.method)) };
      return onPath.length > 0 ? { call: () => Promise.resolve(refuseVerb(verb, onPath)) } : undefined;
    },
  };
}

function routesOf({ method }: UniversalHandler, call: UniversalHandlerFn): Route[] {
  if (!hasOption(method, httpRule)) return [];
  const answer = hasOption(method, http_answer) ? getOption(method, http_answer) : undefined;
  const rule = getOption(method, httpRule);
  return [rule, ...rule.additionalBindings].map((binding) => {
    const { case: verb, value } = binding.pattern;
    if (verb === undefined || verb === 'custom') throw new Error(`${method.name}: google.api.http has no plain verb`);
    return { method, verb: verb.toUpperCase(), path: value, match: compilePath(value), rule: binding, answer, call };
  });
}

function refuseVerb(verb: string, routes: readonly Route[]): UniversalServerResponse {
  const allowed = [...new Set(routes.map((route) => route.verb))].join(', ');
  const response = statusResponse(refusal('METHOD_NOT_FOUND', `${verb} is not possible here; expected ${allowed}`), 405);
  response.header?.set('allow', allowed);
  return response;
}

async function serve(route: Route, request: UniversalServerRequest, maxBytes: number): Promise<UniversalServerResponse> {
  try {
    const body = await readMessage(route, request, maxBytes);
    if (route.method.methodKind === 'server_streaming') return await callAsEvents(route.call, request, body);
    const header = new Headers(request.header);
    // What the call between us is made of; whatever else the client sent goes along.
    for (const name of ['accept-encoding', 'content-encoding', 'content-length', 'connect-timeout-ms']) header.delete(name);
    header.set('content-type', 'application/json');
    request.contextValues?.set(overRest, true);
    return await translate(route, await route.call({ ...request, method: 'POST', header, body }), body);
  } catch (error) {
    return statusResponse(ConnectError.from(error, Code.Internal));
  }
}

async function readMessage({ rule, match, method }: Route, request: UniversalServerRequest, maxBytes: number): Promise<JsonObject> {
  const { pathname, searchParams } = new URL(request.url);
  const [stray] = rule.body === '*' ? searchParams.keys() : [];
  if (stray !== undefined) throw refuseUnknownField(stray);
  const fields = rule.body === '*' ? await readJson(request, maxBytes) : readQuery(method.input, searchParams);
  return { ...fields, ...match(pathname) };
}

async function readJson({ header, body }: UniversalServerRequest, maxBytes: number): Promise<JsonObject> {
  const type = header.get('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) throw refusal('UNSUPPORTED_CONTENT', `content-type is "${type}"; expected application/json`);
  const encoding = header.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') throw refusal('UNSUPPORTED_CONTENT', `content-encoding is "${encoding}"; expected none`);
  const bytes = await readAllBytes(body as AsyncIterable<Uint8Array>, maxBytes, header.get('content-length'));
  const json = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw refusal('MALFORMED_REQUEST', 'the body is not a JSON object');
  return json;
}

function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw refusal('MALFORMED_REQUEST', `the body is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

async function translate(
  { method, verb, rule, answer }: Route,
  response: UniversalServerResponse,
  request: JsonObject,
): Promise<UniversalServerResponse> {
  const bytes = await readAllBytes(response.body ?? createAsyncIterable([]), Number.MAX_SAFE_INTEGER);
  if (response.status !== 200) {
    const error = errorFromJsonBytes(bytes, response.header, new ConnectError('the error cannot be read'));
    return statusResponse(nameFaults(error, method.input, request));
  }
  const fields = JSON.parse(Buffer.from(bytes).toString()) as JsonObject;
  const replayed = response.header?.get('idempotency-replayed');
  const header: Record<string, string> = {
    ...(answer?.location ? { location: fillPath(answer.location, fields) } : {}),
    ...(replayed ? { 'idempotency-replayed': replayed } : {}),
  };
  const whole = verb === 'GET' ? withZeros(method.output, fields) : fields;
  const part = rule.responseBody === '' ? whole : whole[rule.responseBody];
  return jsonResponse(answer?.status ?? 200, header, (part ?? {}) as JsonObject);
}

/** A request that could not be read is refused with all that is wrong in it, by path. */
function nameFaults(error: ConnectError, desc: DescMessage, request: JsonObject): ConnectError {
  const reason = reasonOf(explain(error));
  if (reason !== 'MALFORMED_REQUEST' && reason !== 'UNKNOWN_FIELD') return error;
  const { unknown, fields } = faultsOfJson(desc, request);
  const [first] = unknown;
  if (first !== undefined) return refuseFields(fields, 'UNKNOWN_FIELD', { field: first });
  return fields.length > 0 ? refuseFields(fields, 'MALFORMED_REQUEST') : error;
}
