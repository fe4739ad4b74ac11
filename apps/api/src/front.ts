import { constants } from 'node:http2';
import { createContextValues, type ConnectError } from '@connectrpc/connect';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import type { UniversalHandler, UniversalHandlerFn, UniversalServerRequest, UniversalServerResponse } from '@connectrpc/connect/protocol';
import type { Log } from '@posthaste/telemetry';
import { arriveWithin } from './arrival.ts';
import { clientAddress } from './call-context.ts';
import type { NodeRequest, NodeResponse, RequestHandler } from './listener.ts';
import { refusal } from './refusal.ts';
import { statusResponse } from './rest-error.ts';
import { createTranscoder } from './rest.ts';
import { connectResponse, grpcResponse, grpcWebResponse, withReasons } from './wire-errors.ts';

export interface FrontOptions {
  readonly handlers: readonly UniversalHandler[];
  /** The largest body of a request. */
  readonly maxBytes: number;
  /** How long the body of a unary call may take to arrive. */
  readonly requestTimeoutMs: number;
  readonly log: Log;
}

/** Finds who answers a request: a method by its path, a REST binding, or nobody. */
export function createFront({ handlers, maxBytes, requestTimeoutMs, log }: FrontOptions): RequestHandler {
  const calls = new Map<string, UniversalHandlerFn>(handlers.map((handler) => [handler.requestPath, withReasons(handler)]));
  const streams = new Set(handlers.filter(({ method }) => method.methodKind !== 'unary').map(({ requestPath }) => requestPath));
  const transcoder = createTranscoder(handlers, calls, maxBytes);
  const answer = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    const { pathname } = new URL(request.url);
    const timely = streams.has(pathname) ? request : { ...request, body: arriveWithin(requestTimeoutMs, request.body as AsyncIterable<Uint8Array>) };
    const call = calls.get(pathname);
    return call ? call(timely) : (transcoder.handle(timely) ?? refuseUnknown(request, pathname));
  };
  return (request, response) => {
    serve(request, response, answer).catch((error: unknown) => {
      // The client has gone; there is nobody left to tell.
      log.debug('a response could not be written', { error });
      response.destroy();
    });
  };
}

async function serve(request: NodeRequest, response: NodeResponse, answer: UniversalHandlerFn): Promise<void> {
  const values = createContextValues().set(clientAddress, request.socket.remoteAddress);
  const universal = toUniversal(request, response, values);
  response.once('finish', () => request.complete || discardRest(request));
  await universalResponseToNodeResponse(universal ? await answer(universal) : refuseHost(), response);
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

/** Nothing answers here: said in the protocol that the client seems to speak. */
function refuseUnknown({ header, method }: UniversalServerRequest, path: string): UniversalServerResponse {
  const type = header.get('content-type') ?? '';
  const error: ConnectError = refusal('METHOD_NOT_FOUND', `${method} ${path} is nothing that is served here`);
  if (type.startsWith('application/grpc-web')) return grpcWebResponse(error, type);
  if (type.startsWith('application/grpc')) return grpcResponse(error, type);
  return /^\/[\w.]+\.\w+\/\w+$/.test(path) ? connectResponse(error, 404) : statusResponse(error);
}
