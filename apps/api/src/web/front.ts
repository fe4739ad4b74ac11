import { constants } from 'node:http2';
import type { DescMethod } from '@bufbuild/protobuf';
import { createContextValues, type ConnectError } from '@connectrpc/connect';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import type { UniversalHandler, UniversalHandlerFn, UniversalServerRequest, UniversalServerResponse } from '@connectrpc/connect/protocol';
import { isOwnHost } from '@posthaste/protocol/browser';
import type { Log } from '@posthaste/telemetry';
import { admit, type Admission } from './admission.ts';
import { arriveWithin } from './arrival.ts';
import { clientAddress } from '../call-context.ts';
import { createCrossOrigin } from './cors.ts';
import type { NodeRequest, NodeResponse, RequestHandler } from './listener.ts';
import { httpStatusOf, refusal } from '../refusal/refusal.ts';
import { statusResponse } from '../rest/error.ts';
import { createTranscoder, type Target } from '../rest/transcoder.ts';
import type { Space } from '../limits/room.ts';
import { connectResponse, grpcResponse, grpcWebResponse, withReasons } from '../refusal/wire-errors.ts';

export interface FrontOptions {
  readonly handlers: readonly UniversalHandler[];
  /** What all requests together may take in memory. */
  readonly room: Space;
  /** The largest request of a method, or the largest message of its stream. */
  readonly limitOf: (method: DescMethod) => number;
  /** How long the body of a unary call may take to arrive. */
  readonly requestTimeoutMs: number;
  readonly corsOrigins: readonly string[];
  /** Names with a dot under which it is asked for; `*` is every name. */
  readonly hosts: readonly string[];
  /** Answers `GET /health`. */
  readonly health: () => Promise<UniversalServerResponse>;
  readonly log: Log;
}

/** Finds who answers a request: a method by its path, a REST binding, or nobody. */
export function createFront({ handlers, room, limitOf, requestTimeoutMs, corsOrigins, hosts, health, log }: FrontOptions): RequestHandler {
  const calls = new Map<string, UniversalHandlerFn>(handlers.map((handler) => [handler.requestPath, withReasons(handler)]));
  const methods = new Map(handlers.map(({ requestPath, method }) => [requestPath, method]));
  const transcoder = createTranscoder(handlers, calls, limitOf);
  const crossOrigin = createCrossOrigin(corsOrigins);
  const find = (request: UniversalServerRequest, path: string): Target =>
    targetOf(methods.get(path), calls.get(path)) ?? transcoder.find(request.method, path) ?? unknownAt(path, transcoder.bindings);

  const serve = async (request: UniversalServerRequest, response: NodeResponse): Promise<UniversalServerResponse> => {
    const { host, hostname, pathname } = new URL(request.url);
    if (!isOwnHost(hostname, hosts)) return refuseIn(request, pathname, strangeHost(host));
    if (pathname === '/health' && request.method === 'GET') return health();
    const { method, call } = find(request, pathname);
    if (!method) return call(request);
    const streams = method.methodKind === 'client_streaming';
    const admission = admit(request, { room, streams, maxBytes: limitOf(method) });
    response.once('close', () => admission.release());
    await admission.settled;
    const body = streams ? admission.body : arriveWithin(requestTimeoutMs, admission.body);
    return call({ ...request, body: method.methodKind === 'server_streaming' ? releaseAfter(body, admission) : body });
  };
  const answer: Serve = async (request, response) => crossOrigin.preflight(request) ?? crossOrigin.mark(request, await serve(request, response));

  return (request, response) => {
    respond(request, response, answer).catch((error: unknown) => {
      // The client has gone; there is nobody left to tell.
      log.debug('a response could not be written', { error });
      response.destroy();
    });
  };
}

/** A call that streams its answers goes on for long after its small request was read. */
async function* releaseAfter(body: AsyncIterable<Uint8Array>, admission: Admission): AsyncGenerator<Uint8Array> {
  yield* body;
  admission.release();
}

type Serve = (request: UniversalServerRequest, response: NodeResponse) => Promise<UniversalServerResponse>;

async function respond(request: NodeRequest, response: NodeResponse, serve: Serve): Promise<void> {
  const values = createContextValues().set(clientAddress, request.socket.remoteAddress);
  const universal = toUniversal(request, response, values);
  response.once('finish', () => request.complete || discardRest(request));
  await universalResponseToNodeResponse(universal ? await serve(universal, response) : refuseHost(), response);
}

/** A request that was refused unread: over HTTP/1.1 its rest has to pass before the next one can come; its timeout ends it if need be. */
function discardRest(request: NodeRequest): void {
  if ('stream' in request) return request.stream.close(constants.NGHTTP2_NO_ERROR);
  request.removeAllListeners('readable');
  request.resume();
}

/** Undefined when the request does not say whom it is for: HTTP/1.0, or a broken path. */
function toUniversal(
  request: NodeRequest,
  response: NodeResponse,
  values: ReturnType<typeof createContextValues>,
): UniversalServerRequest | undefined {
  try {
    // A request that is refused before its end must not be destroyed: its connection goes on.
    const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    return { ...universalRequestFromNodeRequest(request, response, undefined, values), body };
  } catch {
    return undefined;
  }
}

function refuseHost(): UniversalServerResponse {
  return statusResponse(refusal('MALFORMED_REQUEST', 'the request has no Host header, or its path cannot be read'));
}

function targetOf(method: DescMethod | undefined, call: UniversalHandlerFn | undefined): Target | undefined {
  return method && call && { method, call };
}

/** Nothing answers here. */
function unknownAt(path: string, bindings: readonly string[]): Target {
  const call = (request: UniversalServerRequest) => {
    const asked = `${request.method} ${path}`;
    const error = isRpc(request, path)
      ? refusal('METHOD_NOT_FOUND', `${asked} is nothing that is served here`)
      : refusal('PATH_NOT_FOUND', `there is no ${asked}; there are GET /health, ${bindings.join(', ')}, and all methods by gRPC and Connect`);
    return Promise.resolve(refuseIn(request, path, error));
  };
  return { call };
}

function strangeHost(host: string): ConnectError {
  const remedy = 'use an IP address, localhost or a name without dots, or name this one in the setting api.hosts';
  return refusal('HOST_NOT_ALLOWED', `the api is not known as ${host}: ${remedy}`);
}

/** In the protocol that the client seems to speak. */
function refuseIn(request: UniversalServerRequest, path: string, error: ConnectError): UniversalServerResponse {
  const type = request.header.get('content-type') ?? '';
  if (type.startsWith('application/grpc-web')) return grpcWebResponse(error, type);
  if (type.startsWith('application/grpc')) return grpcResponse(error, type);
  return isRpc(request, path) ? connectResponse(error, httpStatusOf(error)) : statusResponse(error);
}

function isRpc({ header }: UniversalServerRequest, path: string): boolean {
  return (header.get('content-type') ?? '').startsWith('application/grpc') || /^\/[\w.]+\.\w+\/\w+$/.test(path);
}
