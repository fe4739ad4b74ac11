import { ConnectError } from '@connectrpc/connect';
import {
  createAsyncIterable,
  encodeEnvelope,
  readAllBytes,
  type UniversalHandlerFn,
  type UniversalServerResponse,
} from '@connectrpc/connect/protocol';
import { codeToHttpStatus, errorFromJsonBytes, errorToJsonBytes } from '@connectrpc/connect/protocol-connect';
import { findTrailerError, setTrailerStatus } from '@connectrpc/connect/protocol-grpc';
import { trailerFlag, trailerParse, trailerSerialize } from '@connectrpc/connect/protocol-grpc-web';
import { explain } from './explain.ts';
import { refusal } from './refusal.ts';

/**
 * Errors that arise in the protocols' own code, before any interceptor (broken JSON, an unknown field, a request above the limit), leave it
 * without a reason. Here they get one, in the form of the protocol that the response is in.
 */
export function withReasons(handler: UniversalHandlerFn): UniversalHandlerFn {
  return async (request) => {
    const response = await handler(request);
    const type = response.header?.get('content-type') ?? '';
    if (type.startsWith('application/grpc-web')) return { ...response, body: mendFrames(response.body) };
    if (type.startsWith('application/grpc')) return { ...response, body: mendTrailer(response) };
    if (response.status === 200) return response;
    if (!type.startsWith('application/json')) return nameStatus(response.status);
    // Only a long error is compressed, and what makes ours long are the details that it has already.
    return response.header?.has('content-encoding') ? response : mendBody(response);
  };
}

/** A Connect unary error as a response. */
export function connectResponse(error: ConnectError, status = codeToHttpStatus(error.code)): UniversalServerResponse {
  const header = new Headers(error.metadata);
  header.set('content-type', 'application/json');
  return { status, header, body: createAsyncIterable([errorToJsonBytes(error, {})]) };
}

/** A gRPC error as a response: no message, the status in the trailer. */
export function grpcResponse(error: ConnectError, contentType: string): UniversalServerResponse {
  return {
    status: 200,
    header: new Headers({ 'content-type': contentType }),
    body: createAsyncIterable([]),
    trailer: setTrailerStatus(new Headers(), error),
  };
}

/** A gRPC-Web error as a response: the trailer is a frame of the body. */
export function grpcWebResponse(error: ConnectError, contentType: string): UniversalServerResponse {
  return { status: 200, header: new Headers({ 'content-type': contentType }), body: createAsyncIterable([trailerFrame(error)]) };
}

async function mendBody(response: UniversalServerResponse): Promise<UniversalServerResponse> {
  const bytes = await readAllBytes(response.body ?? createAsyncIterable([]), Number.MAX_SAFE_INTEGER);
  const error = errorFromJsonBytes(bytes, response.header, new ConnectError('the error cannot be read'));
  const explained = explain(error);
  return explained === error ? { ...response, body: createAsyncIterable([bytes]) } : connectResponse(explained);
}

/** The trailer is filled when the body ends. */
async function* mendTrailer({ body, trailer }: UniversalServerResponse): AsyncGenerator<Uint8Array> {
  yield* body ?? [];
  const error = trailer && findTrailerError(trailer);
  if (!error) return;
  const explained = explain(error);
  setTrailerStatus(trailer, explained);
  // Connect escapes more than grpc-js unescapes.
  trailer.set('grpc-message', encodeURI(explained.rawMessage.toWellFormed()));
}

async function* mendFrames(body: AsyncIterable<Uint8Array> | undefined): AsyncGenerator<Uint8Array> {
  for await (const frame of body ?? []) {
    const error = frame[0] === trailerFlag ? findTrailerError(trailerParse(frame.subarray(5))) : undefined;
    yield error ? trailerFrame(explain(error)) : frame;
  }
}

function trailerFrame(error: ConnectError): Uint8Array {
  return encodeEnvelope(trailerFlag, trailerSerialize(setTrailerStatus(new Headers(), error)));
}

/** Refusals of the negotiation between the protocols come with a status alone. */
function nameStatus(status: number): UniversalServerResponse {
  if (status === 415) {
    const sentence =
      'the content type is none of application/json, application/proto, application/grpc(+proto, +json), application/grpc-web(+proto, +json)';
    return connectResponse(refusal('UNSUPPORTED_CONTENT', sentence), status);
  }
  if (status === 505) return connectResponse(refusal('METHOD_NOT_FOUND', 'this method streams both ways, which needs HTTP/2'), status);
  return connectResponse(refusal('METHOD_NOT_FOUND', 'this method does not take this HTTP verb; POST always works'), status);
}
